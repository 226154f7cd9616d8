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
use crate::sentence::{Phrase, phrases, say};
use crate::words::words;

/// The account's free certificates are used up.
pub(crate) const FREE_LIMIT: &str = "FailedOperation.ExceedsFreeLimit";

words! {
    /// Whom a failure concerns, and so who waits with the certificate that met it.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub enum Scope {
        /// This certificate alone.
        Certificate = "certificate",
        /// Every certificate of the account.
        Account = "account",
        /// Every certificate below the same registered domain.
        MainDomain = "main-domain",
        /// The DNS zone that proves control, whose account may be another: never what is ordered.
        Zone = "zone",
    }
}

/// One error code: what it means, and what follows from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// The full code as the service sends it.
    pub(crate) code: &'static str,
    /// What kind of failure it is.
    pub(crate) class: Class,
    /// Whom it concerns.
    pub(crate) scope: Scope,
    /// True where it settles an application as not made.
    pub(crate) settled: bool,
    /// What it means.
    pub(crate) meaning: Phrase,
    /// What Evercert does about it.
    pub(crate) evercert_does: Phrase,
    /// What the operator should do.
    pub(crate) you_do: Phrase,
}

const fn row(
    code: &'static str,
    class: Class,
    scope: Scope,
    settled: bool,
    meaning: Phrase,
    evercert_does: Phrase,
    you_do: Phrase,
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
phrases! {
    LOOKS_FIRST "Retries with growing pauses. An application is first looked up, since the order may exist." "重试，间隔逐次加长。如果是申请证书，会先查找订单，因为订单可能已经创建。";
    BACKS_OFF "Retries with growing pauses." "重试，间隔逐次加长。";
    SLOWS_DOWN "Waits and retries. Evercert itself stays at or below ten requests a second." "等待后重试。Evercert 自身始终不超过每秒 10 次请求。";
    PAUSES "Pauses the account, raises an alarm, and retries slowly." "暂停该账号并告警，以较长的间隔重试。";
    ITS_OWN "Retries that certificate slowly. Refused for more than one, pauses what was refused for the whole account and raises an alarm." "只让该证书缓慢重试。如果多张证书都被拒绝，则为整个账号暂停被拒绝的操作，并发出告警。";
    PARKS "Parks the certificate until its config changes." "停止处理该证书，直到它的配置有改动。";
    GIVES_UP_CALL "Gives up this call and says so." "放弃这次调用，并写入日志。";
    LOOKS_AGAIN "Reads the certificate again and goes on from what it finds." "重新读取证书状态，再据此继续。";
    KEEPS_OLD "Keeps the earlier certificate on the resources, says so, and tries again every hour." "这些资源保留原来的证书，写入日志，每小时重试一次。";
    STOPS_ASKING "Keeps the earlier certificate on that instance, says so, and asks for it no more until the config changes or `evercert deploy` is run." "该实例保留原来的证书，写入日志；在配置有改动或执行 `evercert deploy` 之前不再请求。";
    NOTHING "Nothing, unless it lasts for hours; then look at the service's status page." "无需处理；如果持续数小时，请查看腾讯云的服务状态。";
    SHARE "Lower api.requests_per_second if other programs use the same account." "如果还有其他程序使用同一账号，请调低 api.requests_per_second。";
    REPORT "Please report it with the request id: Evercert should not have sent this." "请附上 RequestId 反馈给我们：Evercert 本不该发出这样的请求。";
    POLICY "Give the key the actions listed in the README's CAM policy." "为密钥授予 README 中 CAM 策略所列的接口权限。";
    KEYS "Put a valid, enabled key in place, then reload." "换上有效且已启用的密钥，然后重新加载。";
    CHECK_STATE "Look at the certificate in the console if it does not go on by itself." "如果没有自行恢复，请到控制台查看该证书。";
    NOTHING_AT_ALL "Nothing." "无需处理。";
    SERVICE_FAILED "Something failed inside the service." "服务内部错误。";
    ADD_ZONE "Add the zone to this account, or use another way of validation." "在该账号中添加这个域名，或改用其他验证方式。";
    WRONG_PARAMETER "A parameter is wrong." "参数错误。";
    PARKS_OR_READS_OLD "Parks the certificate until its config changes. Where a renewal named the old certificate, reads that again first." "停止处理该证书，直到它的配置有改动。如果续期时带了旧证书 ID，会先重新读取旧证书。";
    CHECK_ENDPOINT "Check the account's endpoint." "检查账号的 endpoint。";
    NO_PACKAGE_TYPE "Remove package_type from the config: free certificates need none." "从配置中去掉 package_type：免费证书不需要它。";
    NOT_VERIFIED "The account's owner has not been verified (real-name check)." "账号尚未完成实名认证。";
    VERIFY_OWNER "Complete the real-name verification in the console." "在控制台完成实名认证。";
    TRIES_PARENT "Tries the parent zone." "改试上一级域名。";
    POLICY_DENIES "The account's access policy (CAM) does not allow this action." "账号的访问管理（CAM）策略不允许调用这个接口。";
    ADD_ADDRESS "Add the address to the list in the console." "在控制台将该 IP 加入白名单。";
    CHECK_PARAMETER "Check the certificate's entry; the message names the parameter." "检查该证书的配置；错误信息中指明了参数。";
    CHECK_ENTRY "Check the certificate's entry; the message may name the parameter." "检查该证书的配置；错误信息中可能指明了参数。";
    READS_ORDER "Reads the order again, and retries while it is pending." "重新读取订单，仍在审核中则重试。";
    TOO_YOUNG "A free certificate can't be deleted within an hour of its application." "免费证书申请后一小时内不能删除。";
    WAITS_AN_HOUR "Tries again after the hour." "一小时后再试。";
    PAST_VALIDATION "The order is past validation, or not open to it." "订单已过域名验证阶段，或当前不能验证。";
    ASKS_FOR_FEWER "Asks for fewer at a time." "减少每次查询的数量。";
    STILL_BOUND "The certificate is still bound to a cloud resource." "证书仍与云资源关联。";
    LEAVES_IT "Leaves it." "保留不动。";
    UNBIND "Unbind it in the console if it should go." "如果要删除，请先在控制台解除关联。";
    NO_RESOURCE "No resource is left that the task could change." "没有可供该任务更新的资源。";
    ASKS_WHAT_IS_BOUND "Asks what is bound; where the new certificate is there, that is success." "查询关联的资源；如果已是新证书，按成功处理。";
    STARTS_AGAIN "Starts a new task." "发起新任务。";
    DNS_NOT_NOW "The DNS service could not do it just now." "DNS 解析服务暂时无法完成该操作。";
    USE_OWNER "Use the account that owns the zone." "使用拥有该域名的账号。";
    ZONE_FORBIDDEN "The account may not change this DNS zone." "账号无权修改该域名的解析。";
    UNLOCK "Ask the DNS service to unlock it." "请联系 DNS 解析服务解锁。";
    VERIFY "Verify it in the console." "在控制台完成验证。";
    PLAN_IS_FULL "The DNS plan allows no more records of this kind." "DNS 套餐不支持更多这类解析记录。";
    RAISE_PLAN "Raise the plan, or use another way of validation." "升级套餐，或改用其他验证方式。";
    DNS_STRANGER "The DNS service does not let this account in." "DNS 解析服务不接受这个账号。";
    DNS_LOG_IN "Open the DNS console once with this account, and check that it owns the zone." "用该账号登录一次 DNS 解析控制台，并确认域名属于它。";
    NO_ROLE "The role does not exist, or can't be used." "角色不存在，或无法使用。";
    CHECK_ROLE "Check `role_arn` and `external_id` of the account against the role's page in the console." "在控制台的角色页面核对该账号的 `role_arn` 和 `external_id`。";
    ROLE_WANTS_MFA "The role asks for multi-factor authentication." "该角色要求多因素认证（MFA）。";
    ROLE_WITHOUT_MFA "Use a role whose policy does not demand it." "使用策略不要求 MFA 的角色。";
    WAITS_FOR_SLOTS "Waits for hours, with every certificate of the account, and raises an alarm. Renewals go first when a slot is free." "该账号的所有证书一起等待数小时，并告警。有空余额度时，续期优先。";
}

use Class::{AlreadySo, Operator, Permanent, Quota, Transient};
use Scope::{Account, Certificate, MainDomain, Zone};

/// The table.
#[rustfmt::skip]
pub(crate) const CODES: &[Code] = &[
    // Common codes: who asks.
    row("AuthFailure", Operator, Account, SETTLED, say("The request was refused for who sent it.", "请求因身份问题被拒绝。"), PAUSES, KEYS),
    row("AuthFailure.SignatureExpire", Operator, Account, SETTLED, say("This machine's clock and the service's differ by more than five minutes.", "本机时钟与腾讯云相差超过 5 分钟。"), say("Takes the difference from the answer's Date header and signs with it from then on; if that fails too, pauses the account.", "从响应的 Date 头得到时差，之后按校正的时间签名；仍然失败则暂停该账号。"), say("Set the clock right (timedatectl, chrony).", "校准系统时间（timedatectl、chrony）。")),
    row("AuthFailure.SignatureFailure", Operator, Account, SETTLED, say("The signature is wrong: most often the secret key does not belong to the secret id.", "签名错误：多半是 SecretKey 与 SecretId 不配对。"), PAUSES, say("Compare secret id and secret key, put the right pair in place, then reload.", "核对 SecretId 和 SecretKey，换上正确的一对，然后重新加载。")),
    row("AuthFailure.SecretIdNotFound", Operator, Account, SETTLED, say("The secret id does not exist, or the key is disabled or deleted.", "SecretId 不存在，或密钥已被禁用或删除。"), PAUSES, KEYS),
    row("AuthFailure.InvalidSecretId", Operator, Account, SETTLED, say("The secret id is not of the kind that may call the API.", "SecretId 不是可以调用云 API 的类型。"), PAUSES, KEYS),
    row("AuthFailure.TokenFailure", Operator, Account, SETTLED, say("The temporary token is wrong or has expired.", "临时密钥的 Token 错误或已过期。"), say("Fetches the credentials anew before the next call, then pauses the account if it is refused again.", "下次调用前重新获取密钥；再次被拒绝则暂停该账号。"), say("Check where the token comes from; an instance role renews its own.", "检查 Token 的来源；使用实例角色时会自动更新。")),
    row("AuthFailure.UnauthorizedOperation", Operator, Account, SETTLED, POLICY_DENIES, ITS_OWN, POLICY),
    row("AuthFailure.InvalidAuthorization", Operator, Account, SETTLED, say("The Authorization header is malformed.", "Authorization 头格式不正确。"), PAUSES, say("Check that secret id and key hold no odd characters; else report it with the request id.", "检查 SecretId 和 SecretKey 中有没有多余的字符；如果没有，请附上 RequestId 反馈。")),
    row("AuthFailure.MFAFailure", Operator, Account, SETTLED, say("The account demands multi-factor authentication for this action.", "账号对该操作要求多因素认证（MFA）。"), PAUSES, say("Use a key of a sub-account without that demand.", "改用没有此要求的子用户的密钥。")),
    row("UnauthorizedOperation", Operator, Account, SETTLED, POLICY_DENIES, ITS_OWN, POLICY),
    row("IpInBlacklist", Operator, Account, SETTLED, say("This machine's address is on the account's block list.", "本机 IP 在账号的黑名单中。"), PAUSES, say("Take the address off the list in the console.", "在控制台将该 IP 移出黑名单。")),
    row("IpNotInWhitelist", Operator, Account, SETTLED, say("This machine's address is not on the account's allow list.", "本机 IP 不在账号的白名单中。"), PAUSES, ADD_ADDRESS),
    // Common codes: too fast, too much.
    row("RequestLimitExceeded", Transient, Account, SETTLED, say("Too many requests in one second, all clients of the account together.", "该账号的所有程序合计，一秒内请求过多。"), SLOWS_DOWN, SHARE),
    row("RequestLimitExceeded.UinLimitExceeded", Transient, Account, SETTLED, say("Too many requests in one second by this account.", "该账号一秒内请求过多。"), SLOWS_DOWN, SHARE),
    row("RequestLimitExceeded.IPLimitExceeded", Transient, Account, SETTLED, say("Too many requests in one second from this address.", "该 IP 一秒内请求过多。"), SLOWS_DOWN, SHARE),
    row("RequestLimitExceeded.GlobalRegionUinLimitExceeded", Transient, Account, SETTLED, say("Too many requests in one second by this account over all regions.", "该账号在所有地域合计，一秒内请求过多。"), SLOWS_DOWN, SHARE),
    row("RequestLimitExceeded.RequestLimitExceeded", Transient, Account, SETTLED, say("Too many requests to the DNS service.", "对 DNS 解析服务的请求过多。"), SLOWS_DOWN, SHARE),
    row("LimitExceeded.RateLimitExceeded", Transient, Account, SETTLED, say("Too many requests in one second: the certificate service's own limit.", "一秒内请求过多：超过证书服务自身的频率限制。"), SLOWS_DOWN, SHARE),
    row("LimitExceeded", Quota, Account, SETTLED, say("A limit that is not named: too many requests, or, where a certificate was applied for, a quota that is used up.", "服务没有说明的限制：请求过多；如果是申请证书，也可能是配额已用完。"), say("Waits and retries. An application is tried once more; refused again, it waits for hours, with every certificate of the account, and raises an alarm.", "等待后重试。申请会再试一次；如果再次被拒绝，则与该账号的所有证书一起等待数小时，并发出告警。"), say("Nothing, if it passes; else free what is no longer needed, or lower api.requests_per_second if other programs use the same account.", "如果自行恢复，则无需处理；否则请释放不再需要的证书；如果有其他程序使用同一账号，请调低 api.requests_per_second。")),
    row("RequestSizeLimitExceeded", Permanent, Certificate, OPEN, say("The request is too large.", "请求过大。"), GIVES_UP_CALL, REPORT),
    row("ResponseSizeLimitExceeded", Permanent, Certificate, OPEN, say("The answer would be too large.", "响应过大。"), GIVES_UP_CALL, REPORT),
    // Common codes: the service's side.
    row("InternalError", Transient, Certificate, OPEN, SERVICE_FAILED, LOOKS_FIRST, NOTHING),
    row("ServiceUnavailable", Transient, Certificate, OPEN, say("The service is not available.", "服务当前不可用。"), LOOKS_FIRST, NOTHING),
    row("FailedOperation", Transient, Certificate, OPEN, say("The operation failed; the service does not say why.", "操作失败，服务没有说明原因。"), LOOKS_FIRST, say("If it repeats, look at the order in the console, or ask the service with the request id.", "如果反复出现，请到控制台查看订单，或提供 RequestId 咨询腾讯云。")),
    row("ResourceInUse", Transient, Certificate, OPEN, say("The resource is in use.", "资源正在使用中。"), LOOKS_FIRST, CHECK_STATE),
    row("ResourceUnavailable", Transient, Certificate, OPEN, say("The resource can't be used at the moment.", "资源暂时不可用。"), LOOKS_FIRST, CHECK_STATE),
    row("ResourceInsufficient", Transient, Certificate, OPEN, say("The service lacks resources at the moment.", "服务当前资源不足。"), LOOKS_FIRST, NOTHING),
    row("ResourceNotFound", Permanent, Certificate, OPEN, say("What the call names does not exist.", "调用所指定的资源不存在。"), LOOKS_AGAIN, CHECK_STATE),
    row("DryRunOperation", Permanent, Certificate, OPEN, say("A dry run, which would have succeeded.", "这是一次 DryRun，正式执行会成功。"), say("Never asks for a dry run, so treats it as a refusal.", "Evercert 从不请求 DryRun，因此按被拒绝处理。"), REPORT),
    // Common codes: the request itself.
    row("InvalidParameter", Permanent, Certificate, SETTLED, WRONG_PARAMETER, PARKS_OR_READS_OLD, CHECK_PARAMETER),
    row("InvalidParameterValue", Permanent, Certificate, SETTLED, say("A parameter's value is wrong.", "参数取值错误。"), PARKS, CHECK_PARAMETER),
    row("MissingParameter", Permanent, Certificate, SETTLED, say("A parameter is missing.", "缺少参数。"), PARKS, REPORT),
    row("UnknownParameter", Permanent, Certificate, SETTLED, say("The service does not know a parameter.", "服务不认识某个参数。"), PARKS, REPORT),
    row("InvalidRequest", Permanent, Certificate, SETTLED, say("The request's form is wrong.", "请求格式错误。"), PARKS, REPORT),
    row("InvalidAction", Permanent, Certificate, OPEN, say("The action does not exist there.", "该地址没有这个接口。"), GIVES_UP_CALL, CHECK_ENDPOINT),
    row("NoSuchVersion", Permanent, Certificate, OPEN, say("The API version does not exist there.", "该地址没有这个接口版本。"), GIVES_UP_CALL, CHECK_ENDPOINT),
    row("NoSuchProduct", Permanent, Certificate, OPEN, say("The product does not exist there.", "该地址没有这个产品。"), GIVES_UP_CALL, CHECK_ENDPOINT),
    row("ActionOffline", Permanent, Certificate, OPEN, say("The service has withdrawn this action.", "该接口已下线。"), GIVES_UP_CALL, say("Look for a newer Evercert.", "请升级 Evercert。")),
    row("UnsupportedRegion", Permanent, Certificate, OPEN, say("The action is not offered in this region.", "该地域不提供这个接口。"), GIVES_UP_CALL, say("Check the regions named in the config.", "检查配置中的地域。")),
    row("UnsupportedOperation", Permanent, Certificate, OPEN, say("The operation is not supported.", "不支持该操作。"), GIVES_UP_CALL, CHECK_STATE),
    row("UnsupportedProtocol", Permanent, Certificate, OPEN, say("The service wants another protocol.", "服务要求使用另一种协议。"), GIVES_UP_CALL, say("Check that the endpoint begins with https.", "检查 endpoint 是否以 https 开头。")),
    // ApplyCertificate.
    row(FREE_LIMIT, Quota, Account, SETTLED, say("The account's free certificates are used up.", "账号的免费证书额度已用完。"), WAITS_FOR_SLOTS, say("Delete in the console what is not needed; `tidy` in the account's config deletes what is ours and dead.", "在控制台删除不需要的证书；账号配置 `tidy` 会删除由 Evercert 申请且已失效的订单。")),
    row("FailedOperation.MainDomainCertificateCountLimit", Quota, MainDomain, SETTLED, say("The registered domain has as many free certificates as it may have, over all who sell them.", "该主域名的免费证书数量已达上限（所有销售渠道合计）。"), say("Waits for hours, with every name of that domain, and raises an alarm.", "该主域名下的所有域名一起等待数小时，并告警。"), say("Delete dead orders of that domain, or wait until older certificates expire.", "删除该主域名下已失效的订单，或等待旧证书过期。")),
    row("FailedOperation.PackageCountLimit", Permanent, Certificate, SETTLED, say("The package's certificates are used up.", "权益包中的证书已用完。"), PARKS, NO_PACKAGE_TYPE),
    row("FailedOperation.PackageExpired", Permanent, Certificate, OPEN, say("The package has expired.", "权益包已过期。"), PARKS, NO_PACKAGE_TYPE),
    row("FailedOperation.PackageNotFound", Permanent, Certificate, OPEN, say("The package does not exist.", "权益包不存在。"), PARKS, NO_PACKAGE_TYPE),
    row("InvalidParameter.PackageIdsInvalid", Permanent, Certificate, SETTLED, say("The package ids are wrong.", "权益包 ID 错误。"), PARKS, REPORT),
    row("InvalidParameterValue.CertificateDomainMaxLengthInvalid", Permanent, Certificate, SETTLED, say("The domain name is longer than 64 characters.", "域名超过 64 个字符。"), PARKS, say("Use a shorter name: the service takes no longer ones.", "改用较短的域名：服务不接受更长的。")),
    row("FailedOperation.GenCSRFail", Transient, Certificate, OPEN, say("The service could not make the certificate request.", "服务未能生成证书请求。"), LOOKS_FIRST, NOTHING),
    row("FailedOperation.SystemError", Transient, Certificate, OPEN, SERVICE_FAILED, LOOKS_FIRST, NOTHING),
    row("InternalError.BackendResponseEmpty", Transient, Certificate, OPEN, SERVICE_FAILED, LOOKS_FIRST, NOTHING),
    row("InternalError.BackendResponseError", Transient, Certificate, OPEN, SERVICE_FAILED, LOOKS_FIRST, NOTHING),
    row("InvalidParameterValue.CertificateEmailParseInvalid", Permanent, Certificate, SETTLED, say("The contact e-mail address can't be read.", "联系邮箱无法识别。"), PARKS, say("Correct contact_email in the certificate's entry.", "请改正该证书条目中的 contact_email。")),
    row("FailedOperation.NetworkError", Transient, Certificate, OPEN, say("The certificate authority is busy, or the service could not reach it.", "CA 机构繁忙，或服务无法连接到它。"), LOOKS_FIRST, NOTHING),
    row("FailedOperation.CannotGetOrder", Transient, Certificate, OPEN, say("The service could not read the order just now.", "服务暂时读不到该订单。"), LOOKS_FIRST, NOTHING),
    row("FailedOperation.AuthError", Operator, Account, SETTLED, say("The account has no right to this certificate.", "账号无权操作该证书。"), ITS_OWN, POLICY),
    row("FailedOperation.NoProjectPermission", Operator, Account, SETTLED, say("The account has no right to the project.", "账号没有该项目的权限。"), say("Retries slowly; certificates of other projects are ordered meanwhile. Without project_id it pauses the account's orders.", "缓慢重试；其他项目的证书照常申请。未设置 project_id 时，暂停该账号的申请。"), say("Give the account access to the project, or change project_id.", "为账号授予该项目的权限，或修改 project_id。")),
    row("FailedOperation.NoRealNameAuth", Operator, Account, SETTLED, NOT_VERIFIED, PAUSES, VERIFY_OWNER),
    row("FailedOperation.InvalidParam", Permanent, Certificate, SETTLED, WRONG_PARAMETER, PARKS_OR_READS_OLD, CHECK_ENTRY),
    row("FailedOperation.InvalidParameter", Permanent, Certificate, SETTLED, WRONG_PARAMETER, PARKS_OR_READS_OLD, CHECK_ENTRY),
    row("FailedOperation.CertificateNotFound", Permanent, Certificate, OPEN, say("The certificate does not exist, or this account may not see it.", "证书不存在，或该账号无权查看。"), say("Forgets that id, looks at what the account has, and goes on without it.", "不再使用这个证书 ID，查看账号中现有的证书后继续。"), say("Nothing, if you deleted it; else check that the key belongs to the right account.", "如果是您删除的，无需处理；否则请检查密钥是否属于正确的账号。")),
    row("FailedOperation.InvalidCertificateStatusCode", Permanent, Certificate, OPEN, say("The certificate's status does not allow this.", "证书当前的状态不允许该操作。"), LOOKS_AGAIN, CHECK_STATE),
    row("FailedOperation.CertificateInvalid", Permanent, Certificate, OPEN, say("The certificate is not valid.", "证书无效。"), LOOKS_AGAIN, CHECK_STATE),
    row("FailedOperation.CertificateMismatch", Permanent, Certificate, OPEN, say("Certificate and key do not belong together.", "证书与私钥不匹配。"), LOOKS_AGAIN, CHECK_STATE),
    row("FailedOperation.OrderReplaceFailed", Permanent, Certificate, OPEN, say("Replacing the order failed.", "重颁发订单失败。"), LOOKS_AGAIN, CHECK_STATE),
    row("FailedOperation.OrderAlreadyReplaced", AlreadySo, Certificate, OPEN, say("The order has been replaced: a successor exists.", "订单已被替换：已有后继订单。"), say("Looks for the successor and adopts it.", "查找后继订单并接管。"), NOTHING_AT_ALL),
    row("FailedOperation.CancelOrderFailed", Transient, Certificate, OPEN, say("Cancelling the order failed.", "取消订单失败。"), READS_ORDER, CHECK_STATE),
    row("FailedOperation.CannotBeDeletedIssued", Permanent, Certificate, OPEN, say("An issued certificate can't be deleted while it is valid.", "已签发且在有效期内的证书不能删除。"), say("Leaves it until it has expired.", "保留到过期为止。"), NOTHING_AT_ALL),
    row("FailedOperation.CannotBeDeletedWithinHour", Transient, Certificate, OPEN, TOO_YOUNG, WAITS_AN_HOUR, NOTHING_AT_ALL),
    // Validation and material.
    row("FailedOperation.CertificateStatusNotAllowVerify", AlreadySo, Certificate, OPEN, PAST_VALIDATION, LOOKS_AGAIN, NOTHING_AT_ALL),
    row("FailedOperation.CertificateNotFoundOrAudited", AlreadySo, Certificate, OPEN, PAST_VALIDATION, LOOKS_AGAIN, NOTHING_AT_ALL),
    row("FailedOperation.CertificateStatusNotAllowDownload", Transient, Certificate, OPEN, say("The certificate is not issued yet.", "证书尚未签发。"), say("Looks again at the pace of polling.", "按轮询间隔再次查看。"), NOTHING_AT_ALL),
    row("FailedOperation.CertificateNotAllowDownload", Operator, Certificate, OPEN, say("Downloading was switched off for this certificate.", "该证书已关闭下载。"), say("Retries with growing pauses; where somebody else made the certificate, orders another one after a few tries.", "以逐渐加长的间隔重试；如果证书是别人申请的，几次之后另行申请。"), say("Allow downloading in the console, then run `evercert renew`.", "在控制台允许下载，然后执行 `evercert renew`。")),
    row("FailedOperation.CertificateDownloadServiceTypeNotSupport", Permanent, Certificate, OPEN, say("This kind of download is not offered.", "不提供这种下载方式。"), say("Takes the certificate by another call.", "改用另一个接口获取证书。"), REPORT),
    row("InvalidParameter.CertificateIdNumberLimit", Permanent, Certificate, SETTLED, say("More certificate ids in one call than allowed.", "一次调用的证书 ID 过多。"), ASKS_FOR_FEWER, REPORT),
    // Upkeep.
    row("FailedOperation.CertificateNotFoundOrCantCancel", AlreadySo, Certificate, OPEN, say("The order is gone, or past the point where it can be cancelled.", "订单已不存在，或已不能取消。"), LOOKS_AGAIN, NOTHING_AT_ALL),
    row("FailedOperation.CancelAuditCertificateFailed", Transient, Certificate, OPEN, say("Cancelling the review failed.", "取消审核失败。"), READS_ORDER, CHECK_STATE),
    row("FailedOperation.DeleteFailedTimeNotUp", Transient, Certificate, OPEN, TOO_YOUNG, WAITS_AN_HOUR, NOTHING_AT_ALL),
    row("FailedOperation.DeleteResourceFailed", Permanent, Certificate, OPEN, STILL_BOUND, LEAVES_IT, UNBIND),
    row("FailedOperation.BoundResources", Permanent, Certificate, OPEN, STILL_BOUND, LEAVES_IT, UNBIND),
    row("FailedOperation.RenewNotIssued", Transient, Certificate, OPEN, say("The certificate's renewal is not issued yet.", "该证书的续期尚未签发。"), say("Tries again later.", "稍后再试。"), NOTHING_AT_ALL),
    row("FailedOperation.CertificateCancelFailedMulti", Permanent, Certificate, OPEN, say("A paid certificate of several years can't be cancelled after its first.", "多年期证书首年之后不能取消审核。"), LEAVES_IT, NOTHING_AT_ALL),
    row("FailedOperation.CertificateCsrParseFailed", Transient, Certificate, OPEN, say("The service could not read the certificate request.", "服务无法解析证书请求。"), BACKS_OFF, CHECK_STATE),
    row("ResourceNotFound.Manager", Permanent, Certificate, OPEN, say("The company contact of a paid certificate does not exist.", "付费证书的公司管理人不存在。"), LOOKS_AGAIN, CHECK_STATE),
    // Cloud resources.
    row("FailedOperation.CertificateDeployHasPendingRecord", Transient, Certificate, OPEN, say("A task for this certificate is running already.", "该证书已有部署任务在执行。"), say("Waits for that task.", "等待该任务完成。"), NOTHING_AT_ALL),
    row("FailedOperation.CertificateDeployInstanceEmpty", AlreadySo, Certificate, OPEN, NO_RESOURCE, ASKS_WHAT_IS_BOUND, say("If that lasts, check `resources` of the cloud target in the config.", "如果一直如此，请检查配置中该云资源目标的 `resources`。")),
    row("FailedOperation.CertificateNotDeployInstance", AlreadySo, Certificate, OPEN, NO_RESOURCE, ASKS_WHAT_IS_BOUND, say("If that lasts, check `instances` and `region` of the cloud target in the config.", "如果一直如此，请检查配置中该云资源目标的 `instances` 和 `region`。")),
    row("FailedOperation.CertificateDeployRetryStatusInvalid", Permanent, Certificate, OPEN, say("The task is not in a state to be retried.", "任务当前的状态不能重试。"), STARTS_AGAIN, CHECK_STATE),
    row("FailedOperation.CertificateDeployNotExist", Permanent, Certificate, OPEN, say("The task does not exist.", "任务不存在。"), STARTS_AGAIN, CHECK_STATE),
    row("FailedOperation.CertificateHostDeployCanNotAllow", Operator, Certificate, OPEN, say("The certificate may not be deployed to this resource.", "该证书不能部署到这个资源。"), KEEPS_OLD, say("Check that the resource takes this certificate, in the console.", "在控制台检查该资源是否支持这张证书。")),
    row("FailedOperation.CertificateHostResourceTypeInvalid", Permanent, Certificate, OPEN, say("This kind of resource is not offered.", "不支持这种资源类型。"), KEEPS_OLD, say("Check `resources` of the cloud target in the config.", "检查配置中该云资源目标的 `resources`。")),
    row("FailedOperation.CertificateHostResourceInstanceHugeLimit", Operator, Certificate, OPEN, say("More resources than one task may change.", "资源数量超过单个任务的上限。"), KEEPS_OLD, say("Name the instances in the config, in smaller groups.", "在配置中分成较小的组，逐一指定实例。")),
    row("FailedOperation.CertificateNotAvailable", Transient, Certificate, OPEN, say("The certificate can't be used at the moment.", "证书暂时不可用。"), LOOKS_AGAIN, CHECK_STATE),
    row("FailedOperation.RoleNotFoundAuthorization", Operator, Account, OPEN, say("The service role for changing resources has not been granted.", "尚未授权用于更新云资源的服务角色。"), KEEPS_OLD, say("Grant SSL_QCSLinkedRoleInReplaceLoadCertificate once, in the console.", "在控制台授权一次 SSL_QCSLinkedRoleInReplaceLoadCertificate。")),
    row("FailedOperation.CAMAuthorizedFail", Operator, Account, OPEN, say("The access policy (CAM) could not be checked, or denies.", "访问管理（CAM）鉴权失败或被拒绝。"), KEEPS_OLD, POLICY),
    row("FailedOperation.CertificateSyncTaskIdInvalid", Transient, Certificate, OPEN, say("The look-up of bound resources has expired.", "关联资源的查询结果已过期。"), say("Starts a new look-up.", "重新查询。"), NOTHING_AT_ALL),
    row("FailedOperation.CertificateSyncTaskCertificateIdCountInvalid", Permanent, Certificate, OPEN, say("More than 100 certificates in one look-up.", "一次查询超过 100 张证书。"), ASKS_FOR_FEWER, REPORT),
    row("FailedOperation.CertificateDeployInstanceFormatError", Permanent, Certificate, OPEN, say("The text that names an instance has not the form that its type wants.", "实例的写法不符合该资源类型的格式。"), STOPS_ASKING, say("Write `instances` of the cloud target as the manual's page on cloud resources shows it.", "按手册《云资源》一页的格式填写该云资源目标的 `instances`。")),
    row("FailedOperation.CertificateWhiteFuncError", Operator, Certificate, OPEN, say("This function is open to accounts on a list only.", "该功能仅对白名单账号开放。"), KEEPS_OLD, say("Ask the service to open it for the account, or take the cloud target out of the config.", "联系腾讯云为该账号开通，或从配置中去掉该云资源目标。")),
    row("FailedOperation.CertificateHostResourceInnerInterrupt", Operator, Certificate, OPEN, say("The service broke the task off, for a reason of its own.", "服务因自身原因中断了任务。"), KEEPS_OLD, say("Ask the service with the request id.", "提供 RequestId 咨询腾讯云。")),
    row("InvalidParameter.RegionNotEmpty", Permanent, Certificate, SETTLED, say("The region is missing.", "缺少地域。"), KEEPS_OLD, say("Check `region` of the cloud target in the config.", "检查配置中该云资源目标的 `region`。")),
    row("InvalidParameter.WithDetailReason", Permanent, Certificate, SETTLED, say("A parameter is wrong; the message says which, and why.", "参数错误；错误信息中说明了是哪个参数以及原因。"), KEEPS_OLD, say("Read the message, and check the cloud target in the config.", "阅读错误信息，检查配置中的该云资源目标。")),
    // DNS records (dnspod).
    row("InvalidParameter.DomainRecordExist", AlreadySo, Certificate, SETTLED, say("The same DNS record exists already.", "相同的解析记录已存在。"), say("Lists the records and uses the one that is there.", "查询解析记录，使用已有的那条。"), NOTHING_AT_ALL),
    row("InvalidParameter.RecordIdInvalid", AlreadySo, Certificate, SETTLED, say("The DNS record does not exist.", "解析记录不存在。"), say("Counts it as deleted once a list confirms it.", "查询确认后按已删除处理。"), NOTHING_AT_ALL),
    row("ResourceNotFound.NoDataOfRecord", AlreadySo, Certificate, OPEN, say("There is no such DNS record.", "没有这样的解析记录。"), say("Takes it as an empty list.", "按没有记录处理。"), NOTHING_AT_ALL),
    row("ResourceNotFound.NoDataOfDomain", Operator, Zone, OPEN, say("The account has no DNS zone that fits.", "账号中没有对应的域名解析。"), BACKS_OFF, ADD_ZONE),
    row("InvalidParameter.ActionSuccess", AlreadySo, Certificate, SETTLED, say("It was done already.", "操作此前已经完成。"), say("Takes it as success.", "按成功处理。"), NOTHING_AT_ALL),
    row("FailedOperation.FrequencyLimit", Transient, Zone, OPEN, say("Too many changes to DNS records.", "修改解析记录过于频繁。"), SLOWS_DOWN, SHARE),
    row("InvalidParameter.OperationIsTooFrequent", Transient, Zone, SETTLED, say("Too many changes to DNS records within a minute.", "一分钟内修改解析记录过于频繁。"), SLOWS_DOWN, SHARE),
    row("InvalidParameter.Common", Transient, Zone, SETTLED, say("The DNS service refused, mostly for too many changes.", "DNS 解析服务拒绝了请求，多半因为修改过于频繁。"), SLOWS_DOWN, SHARE),
    row("FailedOperation.UnknowError", Transient, Certificate, OPEN, say("Something failed inside the DNS service.", "DNS 解析服务内部错误。"), BACKS_OFF, NOTHING),
    row("InvalidParameter.OperateFailed", Transient, Certificate, SETTLED, DNS_NOT_NOW, BACKS_OFF, NOTHING),
    row("FailedOperation.TemporaryError", Transient, Certificate, OPEN, DNS_NOT_NOW, BACKS_OFF, NOTHING),
    row("InvalidParameter.DomainTaskNotFinished", Transient, Certificate, SETTLED, say("Another change to the zone is not finished yet.", "该域名的上一次修改尚未完成。"), BACKS_OFF, NOTHING),
    row("LimitExceeded.RecordTtlLimit", Permanent, Zone, SETTLED, say("The DNS plan allows no TTL this low.", "DNS 套餐不支持这么小的 TTL。"), say("Tries the zone's own TTL.", "改用该域名自身的 TTL。"), say("Raise the plan if that is refused too.", "如果仍被拒绝，请升级套餐。")),
    row("LimitExceeded.SubdomainRollLimit", Operator, Zone, SETTLED, say("Too many DNS records of one name.", "同一主机记录的解析过多。"), BACKS_OFF, say("Delete stale validation records of that name.", "删除该主机记录下过时的验证记录。")),
    row("LimitExceeded.SubdomainLevelLimit", Operator, Zone, SETTLED, say("The DNS plan allows no name this deep.", "DNS 套餐不支持这么多级的子域名。"), BACKS_OFF, RAISE_PLAN),
    row("InvalidParameterValue.DomainNotExists", Operator, Zone, SETTLED, say("The DNS zone is not in this account.", "域名解析不在该账号中。"), TRIES_PARENT, ADD_ZONE),
    row("InvalidParameter.DomainInvalid", Operator, Zone, SETTLED, say("The DNS service does not take this as a zone.", "DNS 解析服务不接受这个域名。"), TRIES_PARENT, ADD_ZONE),
    row("InvalidParameter.DomainIdInvalid", Operator, Zone, SETTLED, say("The zone's number is wrong.", "域名编号错误。"), TRIES_PARENT, ADD_ZONE),
    row("FailedOperation.NotDomainOwner", Operator, Zone, OPEN, say("The account does not own the DNS zone.", "该域名不属于这个账号。"), BACKS_OFF, USE_OWNER),
    row("OperationDenied", Operator, Zone, OPEN, say("The operation is denied.", "操作被拒绝。"), BACKS_OFF, POLICY),
    row("OperationDenied.NoPermissionToOperateDomain", Operator, Zone, OPEN, ZONE_FORBIDDEN, BACKS_OFF, POLICY),
    row("OperationDenied.AccessDenied", Operator, Zone, OPEN, say("The account may not do this.", "账号无权执行该操作。"), BACKS_OFF, POLICY),
    row("InvalidParameter.PermissionDenied", Operator, Zone, SETTLED, ZONE_FORBIDDEN, BACKS_OFF, POLICY),
    row("FailedOperation.DomainIsLocked", Operator, Zone, OPEN, say("The DNS zone is locked.", "域名已被锁定。"), BACKS_OFF, say("Unlock the zone in the console.", "在控制台解锁该域名。")),
    row("FailedOperation.DomainIsSpam", Operator, Zone, OPEN, say("The DNS zone is blocked.", "域名已被封禁。"), BACKS_OFF, say("Ask the DNS service to lift the block.", "请联系 DNS 解析服务解封。")),
    row("FailedOperation.AccountIsLocked", Operator, Zone, OPEN, say("The DNS account is locked.", "DNS 账号已被锁定。"), BACKS_OFF, UNLOCK),
    row("InvalidParameter.DomainNotAllowedModifyRecords", Operator, Zone, SETTLED, say("The zone's records may not be changed at the moment.", "该域名的解析记录暂时不允许修改。"), BACKS_OFF, say("Look at the zone's state in the console.", "在控制台查看该域名的状态。")),
    row("FailedOperation.MustAddDefaultLineFirst", Operator, Zone, OPEN, say("The name has no record on the default line yet.", "该主机记录还没有默认线路的解析。"), BACKS_OFF, say("Add a record on the default line, in the console.", "在控制台为默认线路添加一条解析记录。")),
    row("InvalidParameter.RecordLineInvalid", Permanent, Certificate, SETTLED, say("The DNS line is wrong.", "解析线路错误。"), say("Tries the default line by its number.", "改用默认线路的编号再试。"), REPORT),
    row("InvalidParameter.RecordValueInvalid", Permanent, Certificate, SETTLED, say("The DNS record's value is wrong.", "解析记录的记录值错误。"), PARKS, REPORT),
    row("InvalidParameter.RecordTypeInvalid", Permanent, Certificate, SETTLED, say("The DNS record's type is wrong.", "解析记录的类型错误。"), PARKS, REPORT),
    row("InvalidParameter.SubdomainInvalid", Permanent, Certificate, SETTLED, say("The DNS record's name is wrong.", "解析记录的主机记录错误。"), PARKS, REPORT),
    row("InvalidParameter.RecordValueLengthInvalid", Permanent, Certificate, SETTLED, say("The DNS record's value is too long.", "解析记录的记录值过长。"), PARKS, REPORT),
    row("FailedOperation.NotRealNamedUser", Operator, Zone, OPEN, NOT_VERIFIED, BACKS_OFF, VERIFY_OWNER),
    row("InvalidParameter.UnrealNameUser", Operator, Zone, SETTLED, NOT_VERIFIED, BACKS_OFF, VERIFY_OWNER),
    row("InvalidParameter.CustomMessage", Transient, Certificate, SETTLED, say("The DNS service refused, with a message of its own.", "DNS 解析服务拒绝了请求，原因见错误信息。"), BACKS_OFF, say("Read the message if it lasts.", "如果一直如此，请阅读错误信息。")),
    row("InvalidParameter.RequestIpLimited", Operator, Zone, SETTLED, say("The DNS account may not be used from this machine's address.", "DNS 账号不允许从本机 IP 使用。"), BACKS_OFF, ADD_ADDRESS),
    row("InvalidParameter.AccountIsBanned", Operator, Zone, SETTLED, say("The DNS account is blocked.", "DNS 账号已被封禁。"), BACKS_OFF, UNLOCK),
    row("InvalidParameter.EmailNotVerified", Operator, Zone, SETTLED, say("The DNS account's mail address has not been verified.", "DNS 账号的邮箱尚未验证。"), BACKS_OFF, VERIFY),
    row("InvalidParameter.MobileNotVerified", Operator, Zone, SETTLED, say("The DNS account's phone number has not been verified.", "DNS 账号的手机号尚未验证。"), BACKS_OFF, VERIFY),
    row("FailedOperation.LoginAreaNotAllowed", Operator, Zone, OPEN, say("The DNS account may not be used from where this machine is.", "DNS 账号不允许从本机所在的地区使用。"), BACKS_OFF, say("Allow the place in the account's security settings.", "在账号的安全设置中允许该地区。")),
    row("OperationDenied.DomainOwnerAllowedOnly", Operator, Zone, OPEN, say("Only the owner of the DNS zone may do this.", "只有域名的所有者才能执行该操作。"), BACKS_OFF, USE_OWNER),
    row("LimitExceeded.FailedLoginLimitExceeded", Operator, Zone, SETTLED, say("The DNS account is locked for a while, after too many failed logins.", "登录失败次数过多，DNS 账号被暂时锁定。"), BACKS_OFF, say("Find out who logs in with wrong credentials.", "查明是谁在用错误的凭证登录。")),
    row("LimitExceeded.SubdomainWcardLimit", Operator, Zone, SETTLED, PLAN_IS_FULL, BACKS_OFF, RAISE_PLAN),
    row("LimitExceeded.NsCountLimit", Operator, Zone, SETTLED, PLAN_IS_FULL, BACKS_OFF, RAISE_PLAN),
    row("LimitExceeded.AAAACountLimit", Operator, Zone, SETTLED, PLAN_IS_FULL, BACKS_OFF, RAISE_PLAN),
    row("LimitExceeded.SrvCountLimit", Operator, Zone, SETTLED, PLAN_IS_FULL, BACKS_OFF, RAISE_PLAN),
    row("LimitExceeded.UrlCountLimit", Operator, Zone, SETTLED, PLAN_IS_FULL, BACKS_OFF, RAISE_PLAN),
    row("LimitExceeded.HiddenUrlExceeded", Operator, Zone, SETTLED, PLAN_IS_FULL, BACKS_OFF, RAISE_PLAN),
    row("LimitExceeded.AtNsRecordLimit", Operator, Zone, SETTLED, PLAN_IS_FULL, BACKS_OFF, RAISE_PLAN),
    row("InvalidParameter.DomainIsAliaser", Operator, Zone, SETTLED, say("The DNS zone is an alias of another one.", "该域名是其他域名的别名。"), BACKS_OFF, say("End the alias in the console, or use another way of validation.", "在控制台解除别名，或改用其他验证方式。")),
    row("FailedOperation.LoginFailed", Operator, Zone, OPEN, DNS_STRANGER, BACKS_OFF, DNS_LOG_IN),
    row("InvalidParameter.LoginTokenIdError", Operator, Zone, SETTLED, DNS_STRANGER, BACKS_OFF, DNS_LOG_IN),
    row("InvalidParameter.LoginTokenNotExists", Operator, Zone, SETTLED, DNS_STRANGER, BACKS_OFF, DNS_LOG_IN),
    row("InvalidParameter.LoginTokenValidateFailed", Operator, Zone, SETTLED, DNS_STRANGER, BACKS_OFF, DNS_LOG_IN),
    row("InvalidParameter.UserNotExists", Operator, Zone, SETTLED, DNS_STRANGER, BACKS_OFF, DNS_LOG_IN),
    row("InvalidParameterValue.UserIdInvalid", Operator, Zone, SETTLED, DNS_STRANGER, BACKS_OFF, DNS_LOG_IN),
    row("OperationDenied.NotAdmin", Operator, Zone, OPEN, DNS_STRANGER, BACKS_OFF, DNS_LOG_IN),
    row("OperationDenied.NotAgent", Operator, Zone, OPEN, DNS_STRANGER, BACKS_OFF, DNS_LOG_IN),
    row("OperationDenied.NotManagedUser", Operator, Zone, OPEN, DNS_STRANGER, BACKS_OFF, DNS_LOG_IN),
    // Who asks (sts).
    row("AuthFailure.AccessKeyIllegal", Operator, Account, SETTLED, say("The key is not one that the service knows.", "服务不认识这个密钥。"), PAUSES, KEYS),
    row("InvalidParameter.AccessKeyNotSupport", Operator, Account, SETTLED, say("This kind of key can't be used there.", "不支持使用这种密钥。"), PAUSES, KEYS),
    row("InternalError.GetSeedTokenError", Transient, Certificate, OPEN, say("The service could not check the token just now.", "服务暂时无法校验令牌。"), BACKS_OFF, NOTHING),
    row("ResourceNotFound.RoleNotFound", Operator, Account, OPEN, NO_ROLE, PAUSES, CHECK_ROLE),
    row("InternalError.GetRoleError", Operator, Account, OPEN, NO_ROLE, PAUSES, CHECK_ROLE),
    row("InternalError.IllegalRole", Operator, Account, OPEN, NO_ROLE, PAUSES, CHECK_ROLE),
    row("InvalidParameter.ResouceError", Operator, Account, SETTLED, NO_ROLE, PAUSES, CHECK_ROLE),
    row("InvalidParameter.AccountNotAvaliable", Operator, Account, SETTLED, say("The account that the role or the key belongs to does not exist, or is not in use.", "角色或密钥所属的账号不存在，或不可用。"), PAUSES, CHECK_ROLE),
    row("InvalidParameter.ParamError", Operator, Account, SETTLED, say("The role, the external id or another parameter is wrong.", "角色、外部 ID 或其他参数错误。"), PAUSES, CHECK_ROLE),
    row("InvalidParameter.OverTimeError", Operator, Account, SETTLED, say("The role allows no session of two hours.", "角色允许的会话时长不足两小时。"), PAUSES, say("Raise the role's longest session to two hours or more, in the console.", "在控制台将角色的最长会话时间调到两小时以上。")),
    row("InvalidParameter.OverLimit", Transient, Account, SETTLED, say("Too many requests for temporary keys.", "申请临时密钥过于频繁。"), SLOWS_DOWN, SHARE),
    row("FailedOperation.TempKeyNotAllowed", Operator, Account, OPEN, say("Temporary keys may not do this.", "不允许使用临时密钥执行该操作。"), PAUSES, say("Give the account's own key as the base of the role.", "请使用账号的长期密钥扮演角色。")),
    row("FailedOperation.CheckMFAError", Operator, Account, OPEN, ROLE_WANTS_MFA, PAUSES, ROLE_WITHOUT_MFA),
    row("FailedOperation.MFATypeNotSupported", Operator, Account, OPEN, ROLE_WANTS_MFA, PAUSES, ROLE_WITHOUT_MFA),
];

/// What a class of failures means, what Evercert does about it, and what the operator should do: where no code is at hand.
#[rustfmt::skip]
pub(crate) fn of_class(class: Class) -> [Phrase; 3] {
    match class {
        Transient => [say("It goes away by itself.", "暂时性错误，会自行恢复。"), LOOKS_FIRST, NOTHING],
        Quota => [
            say("Free certificates, or another quota, are used up.", "免费证书或其他配额已用完。"),
            WAITS_FOR_SLOTS,
            say("See who holds them (`evercert account`), and delete what nobody needs.", "用 `evercert account` 查看被谁占用，删除不再需要的证书。"),
        ],
        Operator => [
            say("A person has to act: credentials, permissions, real-name check.", "需要人工处理：密钥、权限或实名认证。"),
            PAUSES,
            say("`evercert explain CODE` tells what the code wants; then run `systemctl reload evercert`.", "用 `evercert explain 错误码` 查看该如何处理，处理后执行 `systemctl reload evercert`。"),
        ],
        Permanent => [
            say("This input will never be accepted.", "这样的输入不会被接受，重试也没有用。"),
            PARKS,
            say("Do what the message says: change the certificate's entry, or run `evercert renew DOMAIN` once the cause is mended.", "按提示处理：修改该证书的配置；如果原因不在配置，排除后执行 `evercert renew 域名`。"),
        ],
        AlreadySo => [
            say("What was wanted is there already.", "想要的结果已经存在。"),
            say("Counts it as a success, after checking.", "核实后按成功处理。"),
            NOTHING_AT_ALL,
        ],
    }
}
