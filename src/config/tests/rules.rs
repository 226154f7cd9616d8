//! One test a rule: what is refused, and what the operator is told.

use super::{accepted, headed, rejected_for, with};

#[test]
fn unknown_keys_are_refused_with_the_nearest_or_their_place() {
    for (text, says) in [
        (headed("[schedule]\nchekc = \"x\""), "did you mean `check`?"),
        (
            headed("[schedule]\nstate_dir = \"/x\""),
            "`state_dir` belongs at the top of the file",
        ),
        (
            headed("[log]\npoll = \"1s\""),
            "`poll` belongs in [schedule]",
        ),
        (headed("timeout = \"1s\""), "`timeout` belongs in [api]"),
        (
            headed("[accounts.default]\nSecretIdd = \"x\""),
            "did you mean `secret_id`?",
        ),
        (headed("[log]\ncolour = true"), "known here: format, level"),
        (
            headed("[api]\nendpoint = \"https://x.y\""),
            "an endpoint belongs to an account",
        ),
        (
            headed("[defaults]\ndomain = \"x.y\""),
            "`domain` belongs in [[certificates]]",
        ),
        (
            with("[certificates.validation]\nmethod = \"DNS_AUTO\"\nmethd = 1"),
            "did you mean `method`?",
        ),
        (
            headed("[certificate]\ndomain = \"x.y\""),
            "it is called `certificates` here",
        ),
    ] {
        rejected_for(&text, &[says]);
    }
}

#[test]
fn the_api_s_own_spellings_are_answered_with_ours() {
    for (theirs, ours) in [
        ("DomainName = \"x.y\"", "domain"),
        ("DvAuthMethod = \"DNS_AUTO\"", "validation"),
        ("CsrEncryptAlgo = \"ECC\"", "key"),
        ("CsrKeyPassword = \"x\"", "csr_key_password"),
        ("Alias = \"x\"", "alias"),
        ("ProjectId = 0", "project_id"),
        ("PackageType = \"83\"", "package_type"),
        ("ValidityPeriod = \"3\"", "validity_period"),
        ("ContactEmail = \"a@b.c\"", "contact_email"),
        ("ContactPhone = \"1\"", "contact_phone"),
        ("DeleteDnsAutoRecord = true", "delete_dns_record"),
    ] {
        rejected_for(
            &with(theirs),
            &["unknown key", &format!("it is called `{ours}` here")],
        );
    }
}

#[test]
fn what_the_service_refuses_is_refused_with_the_reason() {
    for (line, says) in [
        (
            "dns_names = [\"www.wgc.red\"]",
            "does not support DnsNames yet",
        ),
        ("DnsNames = []", "does not support DnsNames yet"),
        ("package_id = \"x\"", "withdrawn expansion packs"),
        ("PackageId = \"x\"", "withdrawn expansion packs"),
        (
            "OldCertificateId = \"x\"",
            "links a renewal to the old certificate itself",
        ),
        ("CsrKeyParameter = \"2048\"", "it follows from `key`"),
        ("domains = []", "covers one name"),
    ] {
        rejected_for(&with(line), &["cannot be set", says]);
    }
}

#[test]
fn wrong_types_are_told_what_was_found_and_what_is_wanted() {
    for (text, says) in [
        (
            headed("state_dir = 1"),
            "`state_dir` must be the path of a folder, in quotes, not a whole number",
        ),
        (
            headed("schedule = 1"),
            "`schedule` must be a table, not a whole number",
        ),
        (
            headed("accounts = []"),
            "`accounts` must be a table with one table for each account, not a list",
        ),
        (
            headed("[accounts]\ndefault = \"x\""),
            "the account `default` must be a table, not text",
        ),
        (
            headed("[schedule]\ncheck = 1"),
            "`check` must be a cron expression of six fields in quotes",
        ),
        (
            headed("[schedule]\npoll = 1.5"),
            "`poll` must be a duration in quotes",
        ),
        (headed("[schedule]\npoll = 10:00:00"), "not a date or time"),
        (
            headed("[api]\nrequests_per_second = \"10\""),
            "must be a whole number, not text",
        ),
        (
            headed("[api]\nrequests_per_second = 10.0"),
            "not a number with a fraction",
        ),
        (
            headed("[accounts.default]\ntidy = \"yes\""),
            "`tidy` must be true or false, not text",
        ),
    ] {
        rejected_for(&text, &[says]);
    }
}

#[test]
fn wrong_types_in_a_certificate_are_told_the_same_way() {
    for (text, says) in [
        (
            with("delete_dns_record = 1"),
            "`delete_dns_record` must be true or false, not a whole number",
        ),
        (
            with("project_id = \"0\""),
            "`project_id` must be a whole number, not text",
        ),
        (
            with("package_type = 83"),
            "`package_type` must be \"83\" in quotes, not a whole number",
        ),
        (
            with("validity_period = 3"),
            "`validity_period` must be \"3\" in quotes",
        ),
        (
            with("validation = true"),
            "`validation` must be \"DNS_AUTO\", or",
        ),
        (with("alias = { a = 1 }"), "not a table"),
    ] {
        rejected_for(&text, &[says]);
    }
}

#[test]
fn numbers_and_durations_have_bounds() {
    for (lines, says) in [
        ("[schedule]\nrenew_before = \"23h\"", "from 1d to 30d"),
        ("[schedule]\nrenew_before = \"30d1s\"", "from 1d to 30d"),
        (
            "[schedule]\nrenew_before = 30",
            "write renew_before = \"30d\"",
        ),
        ("[schedule]\nrenew_before = \"30\"", "write \"30d\""),
        ("[defaults]\nrenew_before = \"31d\"", "from 1d to 30d"),
        ("[schedule]\npoll = \"0s\"", "from 1s to 1h"),
        ("[schedule]\npoll = \"61m\"", "from 1s to 1h"),
        ("[schedule]\njitter = \"25h\"", "from 0s to 1d"),
        ("[schedule]\nheartbeat = \"0s\"", "from 1m to 1d"),
        (
            "[schedule]\nheartbeat = \"soon\"",
            "`soon` is not a duration",
        ),
        ("[api]\ntimeout = \"0s\"", "from 1s to 2m"),
        ("[api]\ntimeout = \"121s\"", "from 1s to 2m"),
        ("[api]\nrequests_per_second = 0", "from 1 to 10"),
        ("[api]\nrequests_per_second = 11", "from 1 to 10"),
        ("[api]\nrequests_per_second = -1", "from 1 to 10"),
        (
            "[api]\nrequests_per_second = 99999999999999999999",
            "from 1 to 10",
        ),
        ("[accounts.default]\nfree_limit = 0", "from 1 to 100000"),
        ("[accounts.default]\ndomain_limit = -5", "from 1 to 100000"),
    ] {
        rejected_for(&headed(lines), &[says]);
    }
    rejected_for(&with("renew_before = \"31d\""), &["from 1d to 30d"]);
    rejected_for(
        &with("project_id = -1"),
        &["`project_id` must be 0 or more, not `-1`"],
    );
}

#[test]
fn the_edges_of_the_bounds_are_valid() {
    let text = headed(
        "[schedule]\ncheck = \"* * * * * *\"\nrenew_before = \"1d\"\npoll = \"1s\"\njitter = \"0s\"\nheartbeat = \"1m\"\n\
         [api]\nrequests_per_second = 0xA\ntimeout = \"120s\"",
    );
    let config = accepted(&text).config;
    assert_eq!(config.api.requests_per_second, 10);
    assert_eq!(config.schedule.jitter.as_secs(), 0);
    accepted(&headed(
        "[schedule]\nrenew_before = \"30d\"\npoll = \"1h\"\njitter = \"24h\"\nheartbeat = \"24h\"\n[api]\ntimeout = \"1s\"",
    ));
}

#[test]
fn bad_crons_are_refused_where_they_stand() {
    rejected_for(
        &headed("[schedule]\ncheck = \"17 4 * * *\""),
        &[":2:9:", "write \"0 17 4 * * *\""],
    );
    rejected_for(
        &headed("[schedule]\ncheck = \"0 61 * * * *\""),
        &["the minute field `61`"],
    );
}

#[test]
fn single_values_are_checked() {
    let long_alias = format!("alias = \"{}\"", "证".repeat(181));
    for (line, says) in [
        ("key = \"rsa\"", "did you mean \"RSA\"?"),
        ("key = \"ECDSA\"", "did you mean \"ECC\"?"),
        ("key = \"ed25519\"", "it is one of RSA, ECC"),
        ("validation = \"DNS-AUTO\"", "did you mean \"DNS_AUTO\"?"),
        ("validation = \"HTTP\"", "it is one of DNS_AUTO"),
        ("validation = {}", "this validation has no `method`"),
        ("alias = \"\"", "`alias` is empty"),
        ("alias = \"a\\nb\"", "line breaks or tabs"),
        ("alias = \" a\"", "blanks around it"),
        (&long_alias, "`alias` has 181 characters; 180 are the most"),
        ("contact_email = \"ops\"", "is not a mail address"),
        ("contact_email = \"ops@localhost\"", "is not a mail address"),
        (
            "contact_email = \"a b@example.com\"",
            "is not a mail address",
        ),
        (
            "contact_email = \"a@@example.com\"",
            "is not a mail address",
        ),
        ("contact_email = \"@example.com\"", "is not a mail address"),
        ("contact_phone = \"call me\"", "is not a telephone number"),
        ("contact_phone = \"12\"", "is not a telephone number"),
        ("package_type = \"84\"", "leave it out, or write \"83\""),
        (
            "validity_period = \"12\"",
            "free certificates live three months",
        ),
        ("csr_key_password = \"\"", "`csr_key_password` is empty"),
    ] {
        rejected_for(&with(line), &[says]);
    }
    rejected_for(&headed("state_dir = \"\""), &["`state_dir` is not a path"]);
    rejected_for(
        &headed("[log]\nformat = \"yaml\""),
        &["it is one of auto, json, pretty"],
    );
    rejected_for(
        &headed("[log]\nlevel = \"inf\""),
        &["did you mean \"info\"?"],
    );
}
