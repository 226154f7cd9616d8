//! Cloud targets: what is taken, and what is refused with the reason.

use super::super::{Cloud, RESOURCE_TYPES};
use super::{accepted, rejected_for, with};

const CLOUD: &str = "[[certificates.cloud]]\n";

fn clouds(lines: &str) -> Vec<Cloud> {
    let text = with(&format!("{CLOUD}{lines}"));
    accepted(&text).config.certificates[0].targets.cloud.clone()
}

#[test]
fn every_type_of_the_service_is_taken_and_lighthouse_only_by_name() {
    let movable = RESOURCE_TYPES.iter().filter(|kind| kind.moves);
    let names: Vec<String> = movable.map(|kind| format!("\"{}\"", kind.name)).collect();
    let found = clouds(&format!("resources = [{}]", names.join(", ")));
    assert_eq!(found[0].resources.len(), 16);
    rejected_for(
        &with(&format!("{CLOUD}resources = [\"lighthouse\"]")),
        &["can't be moved by their type", "instances = ["],
    );
}

#[test]
fn instances_have_the_form_of_their_type() {
    for (kind, instance, region) in [
        ("clb", "lb-bid2fs4g|lbl-1c6rp5eo", true),
        ("clb", "lb-bid2fs4g|lbl-1c6rp5eo|shop.example.com", true),
        ("cdn", "cdn.example.com|off", false),
        ("ddos", "bgpip-000001ms|www.example.com|443", false),
        (
            "cos",
            "ap-hongkong|files-1251810746|files.example.com",
            false,
        ),
        (
            "lighthouse",
            "ap-shanghai|lhins-nh7lql34|www.example.com",
            false,
        ),
        (
            "tcb",
            "AccessService|ap-shanghai|shop-4s5h0ymg|www.example.com",
            false,
        ),
        ("tke", "cls-42sa0ae0|default|shop-tls", true),
        ("gaap", "ga-a3e4z3ae|lsr-a73amjob", false),
    ] {
        let region = if region {
            "region = \"ap-guangzhou\""
        } else {
            ""
        };
        let found = clouds(&format!(
            "resources = [\"{kind}\"]\ninstances = [\"{instance}\"]\n{region}"
        ));
        assert_eq!(found[0].instances, [instance], "{kind}");
    }
    let named = clouds(
        "resources = [\"cos\"]\ninstances = [\"ap-hongkong|files-1251810746|files.example.com\"]",
    );
    assert_eq!(named[0].region.as_deref(), Some("ap-hongkong"));
}

#[test]
fn what_makes_no_sense_is_refused_with_the_reason() {
    for (lines, says) in [
        ("resources = [\"clbb\"]", "did you mean \"clb\"?"),
        ("resources = [\"CLB\"]", "did you mean \"clb\"?"),
        ("resources = [\"cloudfront\"]", "it is one of clb, cdn"),
        ("resources = []", "`resources` names no type"),
        ("resources = \"clb\"", "must be a list of types in quotes"),
        ("resources = [\"cdn\", \"cdn\"]", "names \"cdn\" twice"),
        (
            "instances = [\"cdn.example.com|on\"]",
            "names no `resources`",
        ),
        (
            "resources = [\"cdn\"]\nregion = \"ap-guangzhou\"",
            "`region` goes with `instances`",
        ),
        (
            "resources = [\"cdn\", \"clb\"]\ninstances = [\"cdn.example.com|on\"]",
            "of one type only",
        ),
        (
            "resources = [\"scf\"]\ninstances = [\"x\"]",
            "can't be named",
        ),
        (
            "resources = [\"cdn\"]\ninstances = [\"cdn.example.com\"]",
            "domain|switch",
        ),
        (
            "resources = [\"cdn\"]\ninstances = [\"cdn.example.com|yes\"]",
            "domain|switch",
        ),
        (
            "resources = [\"cdn\"]\ninstances = []",
            "`instances` names nothing",
        ),
        (
            "resources = [\"cdn\"]\ninstances = [\"a.example.com|on\", \"a.example.com|on\"]",
            "twice",
        ),
        (
            "resources = [\"clb\"]\ninstances = [\"lb-1\"]\nregion = \"ap-guangzhou\"",
            "load balancer|listener",
        ),
        (
            "resources = [\"clb\"]\ninstances = [\"lb-1|lbl-1\"]",
            "need their `region`",
        ),
        (
            "resources = [\"clb\"]\ninstances = [\"lb-1|lbl-1\"]\nregion = \"Guangzhou\"",
            "not a region",
        ),
        (
            "resources = [\"cdn\"]\ninstances = [\"a.example.com|on\"]\nregion = \"ap-x\"",
            "has no regions",
        ),
        (
            "resources = [\"clb\"]\nregions = [\"ap-x\"]",
            "the service tells the regions",
        ),
        (
            "type = \"clb\"\nresources = [\"clb\"]",
            "it is called `resources` here",
        ),
    ] {
        rejected_for(&with(&format!("{CLOUD}{lines}")), &[says]);
    }
}

#[test]
fn a_mistake_in_an_instance_stands_at_its_own_place() {
    let text = with(&format!(
        "{CLOUD}resources = [\"cdn\"]\ninstances = [\n  \"a.example.com|on\",\n  \"b.example.com\",\n]"
    ));
    let line = text
        .lines()
        .position(|line| line.contains("b.example.com"))
        .unwrap()
        + 1;
    rejected_for(&text, &[&format!("{line}:3")]);
}

#[test]
fn a_resource_has_one_certificate() {
    let twice = with(&format!(
        "{CLOUD}resources = [\"cdn\"]\n{CLOUD}resources = [\"clb\", \"cdn\"]"
    ));
    rejected_for(&twice, &["type \"cdn\" is named by a cloud target"]);
    let named = "resources = [\"cdn\"]\ninstances = [\"cdn.example.com|on\"]";
    let two = format!(
        "{}\n[[certificates]]\ndomain = \"other.example.com\"\n{CLOUD}{named}",
        with(&format!("{CLOUD}{named}"))
    );
    rejected_for(&two, &["`cdn.example.com|on` is named by a cloud target"]);
}

#[test]
fn an_edit_makes_it_another_target_and_the_order_of_types_does_not() {
    let key = |lines: &str| clouds(lines)[0].key();
    assert_eq!(
        key("resources = [\"clb\", \"cdn\"]"),
        key("resources = [\"cdn\", \"clb\"]")
    );
    assert_ne!(
        key("resources = [\"clb\", \"cdn\"]"),
        key("resources = [\"clb\"]")
    );
}

#[test]
fn an_instance_is_known_by_what_does_not_change() {
    let marks = |kind: &str, text| super::super::ResourceType::of(kind).unwrap().marks(text);
    assert_eq!(marks("clb", "lb-1|lbl-2"), ["lb-1", "lbl-2"]);
    assert_eq!(marks("cdn", "a.example.com|on"), ["a.example.com"]);
    assert_eq!(marks("tse", "gateway-1|certid"), ["gateway-1"]);
    assert_eq!(
        marks("cos", "ap-x|bucket|a.example.com"),
        ["bucket", "a.example.com"]
    );
}
