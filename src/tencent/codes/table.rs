//! Every error code of the service we know.
//!
//! Sources: Tencent Cloud, ApplyCertificate, 2025-02-17 (its section 6); the common error codes
//! (cloud.tencent.com/document/api/400/41680); the ssl, dnspod and sts definitions of tccli 3.1.189.1. The classes are
//! our reading. Message texts are never looked at: they change with the language.
//!
//! `settled` is the careful part. It is true only for codes that say for certain that an application was not made:
//! auth, signature, parameter, quota and rate-limit codes. Anything else may hide an order that exists, and is looked
//! up before a second one is sent.

use crate::lifecycle::Class;

/// Whom a failure concerns, and so who waits with the certificate that met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// This certificate alone.
    Certificate,
    /// Every certificate of the account.
    Account,
    /// Every certificate below the same registered domain.
    MainDomain,
}

impl Scope {
    /// The stable name used in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Account => "account",
            Self::MainDomain => "main-domain",
        }
    }
}

/// One error code: what it means, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The full code as the service sends it.
    pub code: &'static str,
    /// What kind of failure it is.
    pub class: Class,
    /// Whom it concerns.
    pub scope: Scope,
    /// True where it settles an application as not made.
    pub settled: bool,
    /// What it means.
    pub meaning: &'static str,
    /// What Evercert does about it.
    pub evercert_does: &'static str,
    /// What the operator should do.
    pub you_do: &'static str,
}

const fn row(
    code: &'static str,
    class: Class,
    scope: Scope,
    settled: bool,
    meaning: &'static str,
    evercert_does: &'static str,
    you_do: &'static str,
) -> Code {
    Code {
        code,
        class,
        scope,
        settled,
        meaning,
        evercert_does,
        you_do,
    }
}

/// Settles an application as not made.
const SETTLED: bool = true;
/// Does not: the order may exist.
const OPEN: bool = false;

// What is said of many codes, once.
const LOOKS_FIRST: &str =
    "Retries with growing pauses. An application is first looked up, since the order may exist.";
const BACKS_OFF: &str = "Retries with growing pauses.";
const SLOWS_DOWN: &str =
    "Waits and retries. Evercert itself stays at or below ten requests a second.";
const PAUSES: &str = "Pauses the account, raises an alarm, and retries slowly.";
const ITS_OWN: &str = "Retries that certificate slowly. Refused for more than one, pauses what was refused for the whole account and raises an alarm.";
const PARKS: &str = "Parks the certificate until its config changes.";
const GIVES_UP_CALL: &str = "Gives up this call and says so.";
const LOOKS_AGAIN: &str = "Reads the certificate again and goes on from what it finds.";
const KEEPS_OLD: &str =
    "Keeps the earlier certificate on the resources, says so, and tries again every hour.";
const NOTHING: &str = "Nothing, unless it lasts for hours; then look at the service's status page.";
const SHARE: &str = "Lower api.requests_per_second if other programs use the same account.";
const REPORT: &str = "Please report it with the request id: Evercert should not have sent this.";
const POLICY: &str = "Give the key the actions listed in the README's CAM policy.";
const KEYS: &str = "Put a valid, enabled key in place, then reload.";
const CHECK_STATE: &str = "Look at the certificate in the console if it does not go on by itself.";

use Class::{AlreadySo, Operator, Permanent, Quota, Transient};
use Scope::{Account, Certificate, MainDomain};

/// The table.
#[rustfmt::skip]
pub(crate) const CODES: &[Code] = &[
    // Common codes: who asks.
    row("AuthFailure", Operator, Account, SETTLED, "The request was refused for who sent it.", PAUSES, KEYS),
    row("AuthFailure.SignatureExpire", Operator, Account, SETTLED, "This machine's clock and the service's differ by more than five minutes.", "Takes the difference from the answer's Date header and signs with it from then on; if that fails too, pauses the account.", "Set the clock right (timedatectl, chrony)."),
    row("AuthFailure.SignatureFailure", Operator, Account, SETTLED, "The signature is wrong: most often the secret key does not belong to the secret id.", PAUSES, "Compare secret id and secret key, put the right pair in place, then reload."),
    row("AuthFailure.SecretIdNotFound", Operator, Account, SETTLED, "The secret id does not exist, or the key is disabled or deleted.", PAUSES, KEYS),
    row("AuthFailure.InvalidSecretId", Operator, Account, SETTLED, "The secret id is not of the kind that may call the API.", PAUSES, KEYS),
    row("AuthFailure.TokenFailure", Operator, Account, SETTLED, "The temporary token is wrong or has expired.", "Fetches the credentials anew before the next call, then pauses the account if it is refused again.", "Check where the token comes from; an instance role renews its own."),
    row("AuthFailure.UnauthorizedOperation", Operator, Account, SETTLED, "The account's access policy (CAM) does not allow this action.", ITS_OWN, POLICY),
    row("AuthFailure.InvalidAuthorization", Operator, Account, SETTLED, "The Authorization header is malformed.", PAUSES, "Check that secret id and key hold no odd characters; else report it with the request id."),
    row("AuthFailure.MFAFailure", Operator, Account, SETTLED, "The account demands multi-factor authentication for this action.", PAUSES, "Use a key of a sub-account without that demand."),
    row("UnauthorizedOperation", Operator, Account, SETTLED, "The account's access policy (CAM) does not allow this action.", ITS_OWN, POLICY),
    row("IpInBlacklist", Operator, Account, SETTLED, "This machine's address is on the account's block list.", PAUSES, "Take the address off the list in the console."),
    row("IpNotInWhitelist", Operator, Account, SETTLED, "This machine's address is not on the account's allow list.", PAUSES, "Add the address to the list in the console."),
    // Common codes: too fast, too much.
    row("RequestLimitExceeded", Transient, Account, SETTLED, "Too many requests in one second, all clients of the account together.", SLOWS_DOWN, SHARE),
    row("RequestLimitExceeded.UinLimitExceeded", Transient, Account, SETTLED, "Too many requests in one second by this account.", SLOWS_DOWN, SHARE),
    row("RequestLimitExceeded.IPLimitExceeded", Transient, Account, SETTLED, "Too many requests in one second from this address.", SLOWS_DOWN, SHARE),
    row("RequestLimitExceeded.GlobalRegionUinLimitExceeded", Transient, Account, SETTLED, "Too many requests in one second by this account over all regions.", SLOWS_DOWN, SHARE),
    row("RequestLimitExceeded.RequestLimitExceeded", Transient, Account, SETTLED, "Too many requests to the DNS service.", SLOWS_DOWN, SHARE),
    row("LimitExceeded.RateLimitExceeded", Transient, Account, SETTLED, "Too many requests in one second: the certificate service's own limit.", SLOWS_DOWN, SHARE),
    row("LimitExceeded", Quota, Account, SETTLED, "A limit that is not named: too many requests, or, where a certificate was applied for, a quota that is used up.", "Waits and retries. An application is tried once more; refused again, it waits for hours, with every certificate of the account, and raises an alarm.", "Nothing, if it passes; else free what is no longer needed, or lower api.requests_per_second if other programs use the same account."),
    row("RequestSizeLimitExceeded", Permanent, Certificate, OPEN, "The request is too large.", GIVES_UP_CALL, REPORT),
    row("ResponseSizeLimitExceeded", Permanent, Certificate, OPEN, "The answer would be too large.", GIVES_UP_CALL, REPORT),
    // Common codes: the service's side.
    row("InternalError", Transient, Certificate, OPEN, "Something failed inside the service.", LOOKS_FIRST, NOTHING),
    row("ServiceUnavailable", Transient, Certificate, OPEN, "The service is not available.", LOOKS_FIRST, NOTHING),
    row("FailedOperation", Transient, Certificate, OPEN, "The operation failed; the service does not say why.", LOOKS_FIRST, "If it repeats, look at the order in the console, or ask the service with the request id."),
    row("ResourceInUse", Transient, Certificate, OPEN, "The resource is in use.", LOOKS_FIRST, CHECK_STATE),
    row("ResourceUnavailable", Transient, Certificate, OPEN, "The resource can't be used at the moment.", LOOKS_FIRST, CHECK_STATE),
    row("ResourceInsufficient", Transient, Certificate, OPEN, "The service lacks resources at the moment.", LOOKS_FIRST, NOTHING),
    row("ResourceNotFound", Permanent, Certificate, OPEN, "What the call names does not exist.", LOOKS_AGAIN, CHECK_STATE),
    row("DryRunOperation", Permanent, Certificate, OPEN, "A dry run, which would have succeeded.", "Never asks for a dry run, so treats it as a refusal.", REPORT),
    // Common codes: the request itself.
    row("InvalidParameter", Permanent, Certificate, SETTLED, "A parameter is wrong.", "Parks the certificate until its config changes. Where a renewal named the old certificate, reads that again first.", "Check the certificate's entry; the message names the parameter."),
    row("InvalidParameterValue", Permanent, Certificate, SETTLED, "A parameter's value is wrong.", PARKS, "Check the certificate's entry; the message names the parameter."),
    row("MissingParameter", Permanent, Certificate, SETTLED, "A parameter is missing.", PARKS, REPORT),
    row("UnknownParameter", Permanent, Certificate, SETTLED, "The service does not know a parameter.", PARKS, REPORT),
    row("InvalidRequest", Permanent, Certificate, SETTLED, "The request's form is wrong.", PARKS, REPORT),
    row("InvalidAction", Permanent, Certificate, OPEN, "The action does not exist there.", GIVES_UP_CALL, "Check the account's endpoint."),
    row("NoSuchVersion", Permanent, Certificate, OPEN, "The API version does not exist there.", GIVES_UP_CALL, "Check the account's endpoint."),
    row("NoSuchProduct", Permanent, Certificate, OPEN, "The product does not exist there.", GIVES_UP_CALL, "Check the account's endpoint."),
    row("ActionOffline", Permanent, Certificate, OPEN, "The service has withdrawn this action.", GIVES_UP_CALL, "Look for a newer Evercert."),
    row("UnsupportedRegion", Permanent, Certificate, OPEN, "The action is not offered in this region.", GIVES_UP_CALL, "Check the regions named in the config."),
    row("UnsupportedOperation", Permanent, Certificate, OPEN, "The operation is not supported.", GIVES_UP_CALL, CHECK_STATE),
    row("UnsupportedProtocol", Permanent, Certificate, OPEN, "The service wants another protocol.", GIVES_UP_CALL, "Check that the endpoint begins with https."),
    // ApplyCertificate.
    row("FailedOperation.ExceedsFreeLimit", Quota, Account, SETTLED, "The account's free certificates are used up.", "Waits for hours, with every certificate of the account, and raises an alarm. Renewals go first when a slot is free.", "Delete in the console what is not needed; `tidy` in the account's config deletes what is ours and dead."),
    row("FailedOperation.MainDomainCertificateCountLimit", Quota, MainDomain, SETTLED, "The registered domain has as many free certificates as it may have, over all who sell them.", "Waits for hours, with every name of that domain, and raises an alarm.", "Delete dead orders of that domain, or wait until older certificates expire."),
    row("FailedOperation.PackageCountLimit", Permanent, Certificate, SETTLED, "The package's certificates are used up.", PARKS, "Remove package_type from the config: free certificates need none."),
    row("FailedOperation.PackageExpired", Permanent, Certificate, OPEN, "The package has expired.", PARKS, "Remove package_type from the config: free certificates need none."),
    row("FailedOperation.PackageNotFound", Permanent, Certificate, OPEN, "The package does not exist.", PARKS, "Remove package_type from the config: free certificates need none."),
    row("InvalidParameter.PackageIdsInvalid", Permanent, Certificate, SETTLED, "The package ids are wrong.", PARKS, REPORT),
    row("InvalidParameterValue.CertificateDomainMaxLengthInvalid", Permanent, Certificate, SETTLED, "The domain name is longer than 64 characters.", PARKS, "Use a shorter name: the service takes no longer ones."),
    row("FailedOperation.GenCSRFail", Transient, Certificate, OPEN, "The service could not make the certificate request.", LOOKS_FIRST, NOTHING),
    row("FailedOperation.SystemError", Transient, Certificate, OPEN, "Something failed inside the service.", LOOKS_FIRST, NOTHING),
    row("InternalError.BackendResponseEmpty", Transient, Certificate, OPEN, "Something failed inside the service.", LOOKS_FIRST, NOTHING),
    row("InternalError.BackendResponseError", Transient, Certificate, OPEN, "Something failed inside the service.", LOOKS_FIRST, NOTHING),
    row("InvalidParameterValue.CertificateEmailParseInvalid", Permanent, Certificate, SETTLED, "The contact e-mail address can't be read.", PARKS, "Correct contact_email in the certificate's entry."),
    row("FailedOperation.NetworkError", Transient, Certificate, OPEN, "The certificate authority is busy, or the service could not reach it.", LOOKS_FIRST, NOTHING),
    row("FailedOperation.CannotGetOrder", Transient, Certificate, OPEN, "The service could not read the order just now.", LOOKS_FIRST, NOTHING),
    row("FailedOperation.AuthError", Operator, Account, SETTLED, "The account has no right to this certificate.", ITS_OWN, POLICY),
    row("FailedOperation.NoProjectPermission", Operator, Account, SETTLED, "The account has no right to the project.", "Retries slowly; certificates of other projects are ordered meanwhile. Without project_id it pauses the account's orders.", "Give the account access to the project, or change project_id."),
    row("FailedOperation.NoRealNameAuth", Operator, Account, SETTLED, "The account's owner has not been verified (real-name check).", PAUSES, "Complete the real-name verification in the console."),
    row("FailedOperation.InvalidParam", Permanent, Certificate, SETTLED, "A parameter is wrong.", "Parks the certificate until its config changes. Where a renewal named the old certificate, reads that again first.", "Check the certificate's entry; the message may name the parameter."),
    row("FailedOperation.InvalidParameter", Permanent, Certificate, SETTLED, "A parameter is wrong.", "Parks the certificate until its config changes. Where a renewal named the old certificate, reads that again first.", "Check the certificate's entry; the message may name the parameter."),
    row("FailedOperation.CertificateNotFound", Permanent, Certificate, OPEN, "The certificate does not exist, or this account may not see it.", "Forgets that id, looks at what the account has, and goes on without it.", "Nothing, if you deleted it; else check that the key belongs to the right account."),
    row("FailedOperation.InvalidCertificateStatusCode", Permanent, Certificate, OPEN, "The certificate's status does not allow this.", LOOKS_AGAIN, CHECK_STATE),
    row("FailedOperation.CertificateInvalid", Permanent, Certificate, OPEN, "The certificate is not valid.", LOOKS_AGAIN, CHECK_STATE),
    row("FailedOperation.CertificateMismatch", Permanent, Certificate, OPEN, "Certificate and key do not belong together.", LOOKS_AGAIN, CHECK_STATE),
    row("FailedOperation.OrderReplaceFailed", Permanent, Certificate, OPEN, "Replacing the order failed.", LOOKS_AGAIN, CHECK_STATE),
    row("FailedOperation.OrderAlreadyReplaced", AlreadySo, Certificate, OPEN, "The order has been replaced: a successor exists.", "Looks for the successor and adopts it.", "Nothing."),
    row("FailedOperation.CancelOrderFailed", Transient, Certificate, OPEN, "Cancelling the order failed.", "Reads the order again, and retries while it is pending.", CHECK_STATE),
    row("FailedOperation.CannotBeDeletedIssued", Permanent, Certificate, OPEN, "An issued certificate can't be deleted while it is valid.", "Leaves it until it has expired.", "Nothing."),
    row("FailedOperation.CannotBeDeletedWithinHour", Transient, Certificate, OPEN, "A free certificate can't be deleted within an hour of its application.", "Tries again after the hour.", "Nothing."),
    // Validation and material.
    row("FailedOperation.CertificateStatusNotAllowVerify", AlreadySo, Certificate, OPEN, "The order is past validation, or not open to it.", LOOKS_AGAIN, "Nothing."),
    row("FailedOperation.CertificateNotFoundOrAudited", AlreadySo, Certificate, OPEN, "The order is past validation, or not open to it.", LOOKS_AGAIN, "Nothing."),
    row("FailedOperation.CertificateStatusNotAllowDownload", Transient, Certificate, OPEN, "The certificate is not issued yet.", "Looks again at the pace of polling.", "Nothing."),
    row("FailedOperation.CertificateNotAllowDownload", Operator, Certificate, OPEN, "Downloading was switched off for this certificate.", "Retries with growing pauses; where somebody else made the certificate, orders another one after a few tries.", "Allow downloading in the console, then run `evercert renew`."),
    row("FailedOperation.CertificateDownloadServiceTypeNotSupport", Permanent, Certificate, OPEN, "This kind of download is not offered.", "Takes the certificate by another call.", REPORT),
    row("InvalidParameter.CertificateIdNumberLimit", Permanent, Certificate, SETTLED, "More certificate ids in one call than allowed.", "Asks for fewer at a time.", REPORT),
    // Upkeep.
    row("FailedOperation.CertificateNotFoundOrCantCancel", AlreadySo, Certificate, OPEN, "The order is gone, or past the point where it can be cancelled.", LOOKS_AGAIN, "Nothing."),
    row("FailedOperation.CancelAuditCertificateFailed", Transient, Certificate, OPEN, "Cancelling the review failed.", "Reads the order again, and retries while it is pending.", CHECK_STATE),
    row("FailedOperation.DeleteFailedTimeNotUp", Transient, Certificate, OPEN, "A free certificate can't be deleted within an hour of its application.", "Tries again after the hour.", "Nothing."),
    row("FailedOperation.DeleteResourceFailed", Permanent, Certificate, OPEN, "The certificate is still bound to a cloud resource.", "Leaves it.", "Unbind it in the console if it should go."),
    row("FailedOperation.BoundResources", Permanent, Certificate, OPEN, "The certificate is still bound to a cloud resource.", "Leaves it.", "Unbind it in the console if it should go."),
    row("FailedOperation.RenewNotIssued", Transient, Certificate, OPEN, "The certificate's renewal is not issued yet.", "Tries again later.", "Nothing."),
    // Cloud resources.
    row("FailedOperation.CertificateDeployHasPendingRecord", Transient, Certificate, OPEN, "A task for this certificate is running already.", "Waits for that task.", "Nothing."),
    row("FailedOperation.CertificateDeployInstanceEmpty", AlreadySo, Certificate, OPEN, "No resource is left that the task could change.", "Asks what is bound; where the new certificate is there, that is success.", "If that lasts, check `resources` of the cloud target in the config."),
    row("FailedOperation.CertificateNotDeployInstance", AlreadySo, Certificate, OPEN, "No resource is left that the task could change.", "Asks what is bound; where the new certificate is there, that is success.", "If that lasts, check `instances` and `region` of the cloud target in the config."),
    row("FailedOperation.CertificateDeployRetryStatusInvalid", Permanent, Certificate, OPEN, "The task is not in a state to be retried.", "Starts a new task.", CHECK_STATE),
    row("FailedOperation.CertificateDeployNotExist", Permanent, Certificate, OPEN, "The task does not exist.", "Starts a new task.", CHECK_STATE),
    row("FailedOperation.CertificateHostDeployCanNotAllow", Operator, Certificate, OPEN, "The certificate may not be deployed to this resource.", KEEPS_OLD, "Check that the resource takes this certificate, in the console."),
    row("FailedOperation.CertificateHostResourceTypeInvalid", Permanent, Certificate, OPEN, "This kind of resource is not offered.", KEEPS_OLD, "Check `resources` of the cloud target in the config."),
    row("FailedOperation.CertificateHostResourceInstanceHugeLimit", Operator, Certificate, OPEN, "More resources than one task may change.", KEEPS_OLD, "Name the instances in the config, in smaller groups."),
    row("FailedOperation.CertificateNotAvailable", Transient, Certificate, OPEN, "The certificate can't be used at the moment.", LOOKS_AGAIN, CHECK_STATE),
    row("FailedOperation.RoleNotFoundAuthorization", Operator, Account, OPEN, "The service role for changing resources has not been granted.", KEEPS_OLD, "Grant SSL_QCSLinkedRoleInReplaceLoadCertificate once, in the console."),
    row("FailedOperation.CAMAuthorizedFail", Operator, Account, OPEN, "The access policy (CAM) could not be checked, or denies.", KEEPS_OLD, POLICY),
    row("FailedOperation.CertificateSyncTaskIdInvalid", Transient, Certificate, OPEN, "The look-up of bound resources has expired.", "Starts a new look-up.", "Nothing."),
    row("FailedOperation.CertificateSyncTaskCertificateIdCountInvalid", Permanent, Certificate, OPEN, "More than 100 certificates in one look-up.", "Asks for fewer at a time.", REPORT),
    row("FailedOperation.CertificateDeployInstanceFormatError", Permanent, Certificate, OPEN, "The text that names an instance has not the form that its type wants.", KEEPS_OLD, "Write `instances` of the cloud target as the manual's page on cloud resources shows it."),
    row("FailedOperation.CertificateWhiteFuncError", Operator, Certificate, OPEN, "This function is open to accounts on a list only.", KEEPS_OLD, "Ask the service to open it for the account, or take the cloud target out of the config."),
    row("FailedOperation.CertificateHostResourceInnerInterrupt", Operator, Certificate, OPEN, "The service broke the task off, for a reason of its own.", KEEPS_OLD, "Ask the service with the request id."),
    row("InvalidParameter.RegionNotEmpty", Permanent, Certificate, SETTLED, "The region is missing.", KEEPS_OLD, "Check `region` of the cloud target in the config."),
    row("InvalidParameter.WithDetailReason", Permanent, Certificate, SETTLED, "A parameter is wrong; the message says which, and why.", KEEPS_OLD, "Read the message, and check the cloud target in the config."),
    // DNS records (dnspod).
    row("InvalidParameter.DomainRecordExist", AlreadySo, Certificate, SETTLED, "The same DNS record exists already.", "Lists the records and uses the one that is there.", "Nothing."),
    row("InvalidParameter.RecordIdInvalid", AlreadySo, Certificate, SETTLED, "The DNS record does not exist.", "Counts it as deleted once a list confirms it.", "Nothing."),
    row("ResourceNotFound.NoDataOfRecord", AlreadySo, Certificate, OPEN, "There is no such DNS record.", "Takes it as an empty list.", "Nothing."),
    row("ResourceNotFound.NoDataOfDomain", Operator, Certificate, OPEN, "The account has no DNS zone that fits.", BACKS_OFF, "Add the zone to this account, or use another way of validation."),
    row("InvalidParameter.ActionSuccess", AlreadySo, Certificate, SETTLED, "It was done already.", "Takes it as success.", "Nothing."),
    row("FailedOperation.FrequencyLimit", Transient, Account, OPEN, "Too many changes to DNS records.", SLOWS_DOWN, SHARE),
    row("InvalidParameter.OperationIsTooFrequent", Transient, Account, SETTLED, "Too many changes to DNS records within a minute.", SLOWS_DOWN, SHARE),
    row("InvalidParameter.Common", Transient, Account, SETTLED, "The DNS service refused, mostly for too many changes.", SLOWS_DOWN, SHARE),
    row("FailedOperation.UnknowError", Transient, Certificate, OPEN, "Something failed inside the DNS service.", BACKS_OFF, NOTHING),
    row("InvalidParameter.OperateFailed", Transient, Certificate, SETTLED, "The DNS service could not do it just now.", BACKS_OFF, NOTHING),
    row("FailedOperation.TemporaryError", Transient, Certificate, OPEN, "The DNS service could not do it just now.", BACKS_OFF, NOTHING),
    row("InvalidParameter.DomainTaskNotFinished", Transient, Certificate, SETTLED, "Another change to the zone is not finished yet.", BACKS_OFF, NOTHING),
    row("LimitExceeded.RecordTtlLimit", Permanent, Certificate, SETTLED, "The DNS plan allows no TTL this low.", "Tries the zone's own TTL.", "Raise the plan if that is refused too."),
    row("LimitExceeded.SubdomainRollLimit", Operator, Certificate, SETTLED, "Too many DNS records of one name.", BACKS_OFF, "Delete stale validation records of that name."),
    row("LimitExceeded.SubdomainLevelLimit", Operator, Certificate, SETTLED, "The DNS plan allows no name this deep.", BACKS_OFF, "Raise the plan, or use another way of validation."),
    row("InvalidParameterValue.DomainNotExists", Operator, Certificate, SETTLED, "The DNS zone is not in this account.", "Tries the parent zone.", "Add the zone to this account, or use another way of validation."),
    row("InvalidParameter.DomainInvalid", Operator, Certificate, SETTLED, "The DNS service does not take this as a zone.", "Tries the parent zone.", "Add the zone to this account, or use another way of validation."),
    row("InvalidParameter.DomainIdInvalid", Operator, Certificate, SETTLED, "The zone's number is wrong.", "Tries the parent zone.", "Add the zone to this account, or use another way of validation."),
    row("FailedOperation.NotDomainOwner", Operator, Certificate, OPEN, "The account does not own the DNS zone.", BACKS_OFF, "Use the account that owns the zone."),
    row("OperationDenied", Operator, Certificate, OPEN, "The operation is denied.", BACKS_OFF, POLICY),
    row("OperationDenied.NoPermissionToOperateDomain", Operator, Certificate, OPEN, "The account may not change this DNS zone.", BACKS_OFF, POLICY),
    row("OperationDenied.AccessDenied", Operator, Certificate, OPEN, "The account may not do this.", BACKS_OFF, POLICY),
    row("InvalidParameter.PermissionDenied", Operator, Certificate, SETTLED, "The account may not change this DNS zone.", BACKS_OFF, POLICY),
    row("FailedOperation.DomainIsLocked", Operator, Certificate, OPEN, "The DNS zone is locked.", BACKS_OFF, "Unlock the zone in the console."),
    row("FailedOperation.DomainIsSpam", Operator, Certificate, OPEN, "The DNS zone is blocked.", BACKS_OFF, "Ask the DNS service to lift the block."),
    row("FailedOperation.AccountIsLocked", Operator, Account, OPEN, "The DNS account is locked.", BACKS_OFF, "Ask the DNS service to unlock it."),
    row("InvalidParameter.DomainNotAllowedModifyRecords", Operator, Certificate, SETTLED, "The zone's records may not be changed at the moment.", BACKS_OFF, "Look at the zone's state in the console."),
    row("FailedOperation.MustAddDefaultLineFirst", Operator, Certificate, OPEN, "The name has no record on the default line yet.", BACKS_OFF, "Add a record on the default line, in the console."),
    row("InvalidParameter.RecordLineInvalid", Permanent, Certificate, SETTLED, "The DNS line is wrong.", "Tries the default line by its number.", REPORT),
    row("InvalidParameter.RecordValueInvalid", Permanent, Certificate, SETTLED, "The DNS record's value is wrong.", PARKS, REPORT),
    row("InvalidParameter.RecordTypeInvalid", Permanent, Certificate, SETTLED, "The DNS record's type is wrong.", PARKS, REPORT),
    row("InvalidParameter.SubdomainInvalid", Permanent, Certificate, SETTLED, "The DNS record's name is wrong.", PARKS, REPORT),
    row("InvalidParameter.RecordValueLengthInvalid", Permanent, Certificate, SETTLED, "The DNS record's value is too long.", PARKS, REPORT),
    row("FailedOperation.NotRealNamedUser", Operator, Account, OPEN, "The account's owner has not been verified (real-name check).", BACKS_OFF, "Complete the real-name verification in the console."),
    row("InvalidParameter.UnrealNameUser", Operator, Account, SETTLED, "The account's owner has not been verified (real-name check).", BACKS_OFF, "Complete the real-name verification in the console."),
    row("InvalidParameter.CustomMessage", Transient, Certificate, SETTLED, "The DNS service refused, with a message of its own.", BACKS_OFF, "Read the message if it lasts."),
    row("InvalidParameter.RequestIpLimited", Operator, Account, SETTLED, "The DNS account may not be used from this machine's address.", BACKS_OFF, "Add the address to the list in the console."),
    row("InvalidParameter.AccountIsBanned", Operator, Account, SETTLED, "The DNS account is blocked.", BACKS_OFF, "Ask the DNS service to unlock it."),
    row("InvalidParameter.EmailNotVerified", Operator, Account, SETTLED, "The DNS account's mail address has not been verified.", BACKS_OFF, "Verify it in the console."),
    row("InvalidParameter.MobileNotVerified", Operator, Account, SETTLED, "The DNS account's phone number has not been verified.", BACKS_OFF, "Verify it in the console."),
    row("FailedOperation.LoginAreaNotAllowed", Operator, Account, OPEN, "The DNS account may not be used from where this machine is.", BACKS_OFF, "Allow the place in the account's security settings."),
    row("OperationDenied.DomainOwnerAllowedOnly", Operator, Certificate, OPEN, "Only the owner of the DNS zone may do this.", BACKS_OFF, "Use the account that owns the zone."),
    row("LimitExceeded.FailedLoginLimitExceeded", Operator, Account, SETTLED, "The DNS account is locked for a while, after too many failed logins.", BACKS_OFF, "Find out who logs in with wrong credentials."),
    // Who asks (sts).
    row("AuthFailure.AccessKeyIllegal", Operator, Account, SETTLED, "The key is not one that the service knows.", PAUSES, KEYS),
    row("InvalidParameter.AccessKeyNotSupport", Operator, Account, SETTLED, "This kind of key can't be used there.", PAUSES, KEYS),
    row("InternalError.GetSeedTokenError", Transient, Certificate, OPEN, "The service could not check the token just now.", BACKS_OFF, NOTHING),
];
