//! Every fact there is, with the event that tells it. The documentation's table is made from this one, and scripts rely on
//! the names: a name is never changed, and never used for something else. Facts are kept in the history, so a field is
//! never renamed, and a new one has a default.

mod parts;

use serde::{Deserialize, Serialize};

use super::{Kind, Level, Plain};
use crate::lifecycle::Due;
use crate::sentence::say;
pub use parts::*;

/// Makes the facts and the table of events from one list, so that neither can lack what the other has.
macro_rules! facts {
    ($($variant:ident $({ $($field:ident: $type:ty),* })? = $name:literal, $level:ident, $meaning:literal, $remedy:literal $chinese:literal;)*) => {
        /// What happened: what its sentence needs beyond the fields of the event.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[allow(missing_docs, reason = "the fields are named in the sentences that are made of them")]
        pub enum Fact {
            $(
                #[doc = concat!("`", $name, "`: ", $meaning)]
                #[serde(rename = $name)]
                $variant $({ $($field: $type),* })?,
            )*
        }

        impl Fact {
            /// Its line in the table of events.
            #[must_use]
            pub fn kind(&self) -> Kind {
                match self {
                    $(Self::$variant { .. } => Kind {
                        name: $name,
                        level: Level::$level,
                        meaning: $meaning,
                        remedy: say($remedy, $chinese),
                    },)*
                }
            }
        }

        impl Fact {
            /// What stays the same while it repeats: all but its numbers.
            #[must_use]
            pub fn gist(&self) -> String {
                let text = serde_json::to_string(self).unwrap_or_default();
                text.chars().filter(|c| !c.is_ascii_digit()).collect()
            }
        }

        /// All events, in the order of the documentation.
        pub const EVENTS: &[Kind] = &[$(Kind {
            name: $name,
            level: Level::$level,
            meaning: $meaning,
            remedy: say($remedy, $chinese),
        }),*];
    };
}

facts! {
    OrderApplied { why: Due } = "order.applied", Info,
        "The service accepted an application and gave its id.",
        "Nothing."
        "无需处理。";
    OrderUnknown { marker: Plain, reason: Plain } = "order.unknown", Warn,
        "The answer to an application was lost; the order may exist and is being looked up by its marker.",
        "Nothing; it settles within minutes. If it repeats, check the network to the service."
        "无需处理，几分钟内会查明。反复出现时，请检查到腾讯云的网络。";
    OrderFound = "order.found", Info,
        "An application whose answer was lost was found again; it is followed as if the answer had come.",
        "Nothing."
        "无需处理。";
    OrderVanished { order: Plain } = "order.vanished", Warn,
        "An order is gone at the service, or an application whose answer was lost was never made; another follows.",
        "Nothing, unless someone deletes orders at the console."
        "无需处理，除非有人在控制台删除订单。";
    OrderAdopted { is_own: bool } = "order.adopted", Info,
        "A certificate or order that was there already is used instead of applying for another.",
        "Nothing."
        "无需处理。";
    OrderPending { status: i64, is_known: bool } = "order.pending", Info,
        "An order waits for validation or for the CA.",
        "Nothing."
        "无需处理。";
    OrderStalled { how: Stalled } = "order.stalled", Warn,
        "An order has been waiting much longer than usual.",
        "Look at its validation: `evercert why DOMAIN`, `evercert doctor DOMAIN`, and the console."
        "查看它的域名验证：`evercert why DOMAIN`、`evercert doctor DOMAIN` 和控制台。";
    OrderIssued = "order.issued", Info,
        "The CA signed; key and certificate can be fetched.",
        "Nothing."
        "无需处理。";
    OrderFailed { order: Plain, how: OrderEnd } = "order.failed", Warn,
        "An order ended without a certificate; another follows after a wait.",
        "Read the reason; a failed validation usually means the DNS zone is not in this account."
        "请查看原因；域名验证失败多半是因为域名解析不在该账号下。";
    OrderUnusable { reason: Plain } = "order.unusable", Error,
        "A certificate was issued, and what can be fetched of it is of no use; it is never taken again, and another one is ordered.",
        "Read the reason. A certificate made from a CSR of your own has its key with you: leave it, or delete it in the console."
        "请看原因。用自己的 CSR 申请的证书，私钥在您手里：可以保留，也可以在控制台删除。";
    OrderCancelled { order: Plain } = "order.cancelled", Info,
        "An order was cancelled.",
        "Nothing, if that was wanted."
        "如果是有意取消，无需处理。";
    OrderDeleted = "order.deleted", Info,
        "An order of this installation that is of no use any more was deleted at the service, so that its slot is free.",
        "Nothing; `tidy` in the account's config asks for it."
        "无需处理，这是账号配置里的 `tidy` 要求的。";
    OrderDuplicate { first: Plain, not_cancelled: Option<Plain> } = "order.duplicate", Error,
        "Two live orders of this installation for one name were seen; the older is kept.",
        "Report it as a bug, with this line and `evercert history DOMAIN`."
        "这是程序缺陷，请提交问题报告，附上这一行和 `evercert history DOMAIN` 的输出。";
    OrderForeign = "order.foreign", Info,
        "Someone else's pending order for this name is waited for, and adopted once issued.",
        "Nothing; or cancel that order at the console."
        "无需处理；也可以在控制台取消那个订单。";
    CertificateInstalled = "certificate.installed", Info,
        "Key and chain lie in the live folder.",
        "Nothing."
        "无需处理。";
    LiveWrong { reason: Plain } = "live.wrong", Error,
        "The live folder does not show what was installed: files or links are gone, damaged, or not Evercert's.",
        "Do what the message says; what can be put right is tried again within the hour."
        "按消息处理；能修复的，一小时内会再试。";
    LiveMended { repair: Option<Repair> } = "live.mended", Warn,
        "The live folder did not show what was installed, and was put right.",
        "Nothing; but find out who changes the folder."
        "无需处理，但请查明是谁改动了目录。";
    CertificateRenewed { seen: Renewed } = "certificate.renewed", Info,
        "The new certificate is in use, as far as the config lets it be verified.",
        "Nothing."
        "无需处理。";
    CertificateDeployed { cloud: Option<Bound> } = "certificate.deployed", Info,
        "A target has the certificate: its files are written and its server was reloaded, its hook ran, or its cloud resources were switched.",
        "Nothing."
        "无需处理。";
    CertificateServed = "certificate.served", Info,
        "A client that connects gets the certificate.",
        "Nothing."
        "无需处理。";
    CertificateRolledBack { is_cloud: bool, reason: Plain } = "certificate.rolled_back", Error,
        "The new certificate did not work out at a target, so its files are what they were before; it is tried again.",
        "Read the reason: the server's own check, its reload, or what it served; `evercert deploy DOMAIN` tries at once."
        "请查看原因：服务器自身的检查、重新加载，或线上看到的证书；排除后执行 `evercert deploy DOMAIN` 可以立即重试。";
    DeliveryPretended { what: Pretended } = "delivery.pretended", Info,
        "What would be done for a target, if this were not a run with the stand-in.",
        "Nothing."
        "无需处理。";
    DriftFound { reason: Plain, is_replaced: bool } = "drift.found", Warn,
        "Installed, bound in the cloud and served are not the same certificate; an older one is replaced; a newer one, or one with another kind of key that Evercert never held, is left.",
        "Find out who else deploys here; `evercert deploy DOMAIN` puts ours back."
        "查明还有谁在这里部署证书；`evercert deploy DOMAIN` 重新部署已安装的证书。";
    CloudHosted { reason: Plain } = "cloud.hosted", Warn,
        "The service itself looks after the cloud resources of this certificate (hosting); they are left to it.",
        "Switch hosting off for that certificate in the console, or take the cloud target out of the config."
        "在控制台关闭该证书的云资源托管，或从配置中去掉云资源目标。";
    HookRan { output: Plain } = "hook.ran", Info,
        "A hook ended well; the message has the end of what it wrote.",
        "Nothing."
        "无需处理。";
    HookFailed { reason: Plain } = "hook.failed", Warn,
        "A hook failed or took too long; it is tried again at `next_attempt`.",
        "Read the end of its output in the message, and run it by hand."
        "请看消息中输出的结尾，并手动运行一次。";
    CertificateFailed { reason: Plain, goes_back: bool } = "certificate.failed", Warn,
        "A step for this certificate failed; it is tried again at `next_attempt`. What is installed stays.",
        "Mend what the message names: `evercert explain CODE` where it has a code, and `evercert deploy DOMAIN` for a target."
        "按消息改正：有错误码时见 `evercert explain CODE`；部署失败的，改正后运行 `evercert deploy DOMAIN`。";
    CertificateParked { reason: Plain, remedy: Plain } = "certificate.parked", Error,
        "This certificate waits for its operator; nothing more is tried for it.",
        "Do what the message says, then change its config or run `evercert renew DOMAIN`."
        "按消息处理，然后修改它的配置，或运行 `evercert renew DOMAIN`。";
    CertificateRevoked { status: i64 } = "certificate.revoked", Error,
        "The service calls the installed certificate revoked, being revoked, or refunded; a new one is ordered at once.",
        "Find out who revoked it, and why: if its key was stolen, look for how."
        "查明是谁吊销的、为什么；如果私钥泄露，请找出泄露途径。";
    CertificatePaused { since: Plain } = "certificate.paused", Warn,
        "Its operator paused this certificate: nothing is ordered or delivered for it. Said again with each heartbeat.",
        "Nothing, if that is meant; `evercert resume DOMAIN` ends it."
        "如果是有意暂停，无需处理；`evercert resume DOMAIN` 恢复。";
    CertificateResumed { why: Resumed } = "certificate.resumed", Info,
        "A parked or paused certificate is looked after again.",
        "Nothing."
        "无需处理。";
    CertificateExpiring { is_shown: bool, waits: Waits } = "certificate.expiring", Warn,
        "A certificate comes near its end and is not renewed yet.",
        "`evercert why DOMAIN` says what it waits for."
        "执行 `evercert why DOMAIN` 查看在等待什么。";
    CertificateExpired { is_shown: bool, waits: Waits } = "certificate.expired", Error,
        "A certificate has ended and no newer one is installed.",
        "`evercert why DOMAIN`; visitors are turned away now."
        "请运行 `evercert why DOMAIN`；访问者现在会看到证书错误。";
    AccountPaused { what: Refused, reason: Plain } = "account.paused", Error,
        "The account's credentials or rights were refused; nothing is ordered there until that changes.",
        "Repair the credentials or the CAM policy, then reload; `evercert explain CODE` has details."
        "修正密钥或访问管理 CAM 的策略，然后重新加载；详情见 `evercert explain CODE`。";
    AccountUnreachable { reason: Plain } = "account.unreachable", Warn,
        "The account's list of certificates can't be had just now; its certificates wait for the next try together. Each of them says so once; every try is said here.",
        "Nothing, unless it lasts: then look at network, proxy and endpoint."
        "无需处理；如果持续下去，请检查网络、代理和接入点。";
    AccountResumed = "account.resumed", Info,
        "The account works again.",
        "Nothing."
        "无需处理。";
    QuotaExhausted { reason: Plain } = "quota.exhausted", Error,
        "No free certificate is left for the account or the main domain; every name that shares it waits.",
        "Delete what is not needed in the console; `tidy` in the account's config deletes what is ours and dead."
        "在控制台删除不需要的证书；账号配置里的 `tidy` 会删除 Evercert 自己申请且已失效的订单。";
    ApiThrottled { is_application: bool, reason: Plain } = "api.throttled", Warn,
        "The service said that requests come too fast.",
        "If others use this account too, lower `requests_per_second`."
        "如果还有别的程序在用这个账号，请调低 `requests_per_second`。";
    ApiRefused { reason: Plain } = "api.refused", Info,
        "The service refused a call for a reason that trying again will not heal.",
        "`evercert explain CODE`."
        "执行 `evercert explain CODE` 查看原因和办法。";
    ClockSkewed { seconds: i64 } = "clock.skewed", Warn,
        "This machine's clock and the service's differ by more than five minutes.",
        "Set up time synchronisation; signatures are refused otherwise."
        "请配置时间同步，否则签名会被拒绝。";
    ValidationZoneElsewhere = "validation.zone_elsewhere", Warn,
        "The service says that its DNS does not answer for the name of an order with `DNS_AUTO`: it can't set the record there.",
        "Host the zone in this account's DNS and delegate it there, or prove control in another way (`validation`), which acts at the next order."
        "请把域名添加到该账号的云解析 DNS 并修改 DNS 服务器，或改用其他验证方式（`validation`），从下一个订单起生效。";
    ValidationPresented { proof: Published } = "validation.presented", Info,
        "The record or file that proves control was put up.",
        "Nothing."
        "无需处理。";
    ValidationWanted { proof: Published } = "validation.wanted", Warn,
        "A record has to be set by hand; the order waits for it.",
        "Set the record that the message names; Evercert goes on by itself once it sees it."
        "按消息添加解析记录；Evercert 查到后会自动继续。";
    ValidationVisible = "validation.visible", Info,
        "The proof can be seen from outside.",
        "Nothing."
        "无需处理。";
    ValidationUnseen { reason: Plain } = "validation.unseen", Warn,
        "The proof was put up and is not seen from here; the CA is asked all the same.",
        "Read which name server or address lacks it; if the order goes on, nothing."
        "请看是哪台 DNS 服务器或哪个地址上没有；订单能继续就无需处理。";
    ValidationAsked = "validation.asked", Info,
        "The service was asked to validate.",
        "Nothing."
        "无需处理。";
    ValidationWaiting { reason: Plain } = "validation.waiting", Warn,
        "The service was asked, and has not validated yet; the message says what it sees.",
        "Do what the message says; it is tried again until the order's deadline."
        "按消息处理；在订单的期限之前会一直再试。";
    ValidationFailed { is_cleaning: bool, reason: Plain } = "validation.failed", Warn,
        "A step of the proof failed; it is tried again at `next_attempt`.",
        "Read the reason: it names the command, file, server or zone."
        "请看原因，其中写明了命令、文件、服务器或域名。";
    ValidationCleaned { is_manual: bool } = "validation.cleaned", Info,
        "What was put up as proof is taken down.",
        "Nothing."
        "无需处理。";
    ValidationLeft { proof: Published, reason: Plain } = "validation.left", Error,
        "What was put up as proof could not be taken down for a week.",
        "Remove it by hand; the message names it."
        "请手动删除，消息中写明了是哪一条。";
    TwinSeen { what: Twin } = "twin.seen", Warn,
        "Another installation of Evercert orders for the same name, or this one may be a copy of one that is at work elsewhere.",
        "Let one installation look after each name; where the message names it, decide with `evercert claim`."
        "一个域名只由一套 Evercert 管理；消息要求时，用 `evercert claim` 决定由谁管理。";
    FleetWaiting { hours: u64, in_turn: bool } = "fleet.waiting", Warn,
        "A certificate that is due was ordered by nobody of the fleet for a day.",
        "See whether a machine that orders it runs and may order: `evercert fleet` there, `evercert why DOMAIN`."
        "请检查应当申请它的机器是否在运行、是否有权限：在那里执行 `evercert fleet` 和 `evercert why DOMAIN`。";
    FleetSameMachine { machine: u8, other: Plain, stops: bool } = "fleet.same_machine", Error,
        "Another installation orders under this machine's number; the younger of the two orders nothing.",
        "Give one of them another `machine`; where the other one is gone for good, `evercert claim` on the one that stays."
        "请给其中一套设置另一个 `machine`；如果另一套已经不再使用，请在保留的机器上执行 `evercert claim`。";
    FleetDiffers { machine: u8, other: Plain, difference: Difference } = "fleet.differs", Warn,
        "Another machine of the fleet orders otherwise than this one's config has it: at any time where this one goes by turns, or with another `key` for the same name.",
        "Make `orders` (in turns on every machine that orders, or one that is alone) and `key` the same on every machine."
        "请让所有机器的配置一致：`orders`（要么申请证书的机器都轮流，要么只有一台申请）和同一域名的 `key`。";
    FleetTookOver { machine: u8 } = "fleet.took_over", Info,
        "A pending order of another machine of the fleet is seen to its end from here.",
        "Nothing; see whether that machine still runs."
        "无需处理；请确认那台机器是否仍在运行。";
    FleetBehind { newest: Plain } = "fleet.behind", Warn,
        "The account has had a newer certificate of the fleet for a day, and this machine has not installed it.",
        "Read `evercert why DOMAIN` on this machine: it says what keeps it."
        "请在本机执行 `evercert why DOMAIN`，其中说明了原因。";
    ConfigReloaded { change: Box<ConfigChange> } = "config.reloaded", Info,
        "A changed config is in force.",
        "Nothing."
        "无需处理。";
    ConfigRejected { mistake: Plain, is_mistake: bool, parts: Option<MistakeParts> } = "config.rejected", Error,
        "A changed config has mistakes; the one before stays in force.",
        "Mend the mistake at `file` and `line`; `evercert check` lists all."
        "改正 `file` 和 `line` 处的错误；`evercert check` 列出全部错误。";
    ConfigWarning { warning: Plain } = "config.warning", Warn,
        "Something in the config works, but probably not as meant.",
        "Read the message."
        "请看消息。";
    HttpListening { address: Plain } = "http.listening", Info,
        "Metrics and the status page are served at the address that it names.",
        "Nothing."
        "无需处理。";
    HttpFailed { address: Plain, reason: Plain } = "http.failed", Warn,
        "The address of `[http]` can't be had; renewing goes on without metrics and page, and it is tried again.",
        "Find who has the port (`ss -ltnp`), or set another `listen`."
        "找出占用端口的程序（`ss -ltnp`），或换一个 `listen`。";
    TextfileFailed { path: Plain, reason: Plain } = "textfile.failed", Warn,
        "The file of metrics can't be written; it is tried again after the next pass.",
        "Look at the reason: the folder must exist, and the service's user may write there."
        "请看原因：目录必须存在，且服务的用户可以写入。";
    LogDropped { lines: u64 } = "log.dropped", Warn,
        "Lines of the log were dropped, since whoever reads it did not; the work went on.",
        "Look at what reads the log: a pipe, a container's log driver, the journal."
        "检查读取日志的一方：管道、容器的日志驱动或 journald。";
    RequestTaken { what: Plain, refusal: Option<Plain> } = "request.taken", Info,
        "The daemon took up what a command asked for.",
        "Nothing."
        "无需处理。";
    TurnBroken { what: Plain, reason: Plain } = "turn.broken", Error,
        "A certificate's turn ended early, since the database failed; it goes on in the next pass.",
        "Look at the reason: a full or read-only disk, or a damaged database."
        "请看原因：磁盘已满或只读，或数据库损坏。";
    StoreFailed { reason: Plain } = "store.failed", Error,
        "The database failed; nothing is ordered without a record of it. It is tried again every 30 seconds.",
        "Look at the reason: a full or read-only disk, or a damaged database."
        "请看原因：磁盘已满或只读，或数据库损坏。";
    StoreRestored { orders_after: Plain } = "store.restored", Warn,
        "The database was restored from a backup; what was ordered since then is searched for in the account's list before anything is ordered.",
        "Nothing; it takes minutes."
        "无需处理，几分钟即可完成。";
    PassStarted = "pass.started", Debug,
        "A look at every certificate that is due for something began.",
        "Nothing."
        "无需处理。";
    PassFinished { due: usize } = "pass.finished", Info,
        "A check that found certificates due has ended.",
        "Nothing."
        "无需处理。";
    PassIdle = "pass.idle", Debug,
        "A pass ended that found nothing due, or looked only at what is in flight.",
        "Nothing."
        "无需处理。";
    NotificationSent { channel: Plain, title: Plain, answer: Plain } = "notification.sent", Info,
        "A channel took a message.",
        "Nothing."
        "无需处理。";
    NotificationFailed { channel: Plain, what: Untold, reason: Plain } = "notification.failed", Warn,
        "A channel did not take a message; it is tried again at `next_attempt`.",
        "Read the reason, and try `evercert notify test`."
        "请看原因，并运行 `evercert notify test` 试发。";
    NotificationDropped { channel: Plain, notices: usize, reason: Plain } = "notification.dropped", Error,
        "A channel took no message for three days; what it was not told is given up.",
        "Mend the channel in the config and try `evercert notify test`; `evercert history` has what was not told."
        "改正配置中的渠道并运行 `evercert notify test` 试发；没有发出的内容见 `evercert history`。";
    NotificationPretended { channel: Plain, text: Option<Plain> } = "notification.pretended", Info,
        "What would be told, if this were not a run with the stand-in.",
        "Nothing."
        "无需处理。";
    DaemonStarting { version: Plain, config: Plain, state_dir: Plain } = "daemon.starting", Info,
        "The daemon starts; it names its version, config and state folder.",
        "Nothing."
        "无需处理。";
    DaemonReady { certificates: usize, state_dir: Plain } = "daemon.ready", Info,
        "Config and database are sound, and the scheduler runs.",
        "Nothing."
        "无需处理。";
    DaemonHeartbeat { counts: Counts } = "daemon.heartbeat", Info,
        "The daemon lives: how many certificates, problems and open orders there are, the fewest days left, and when something is due next.",
        "Alarm when this line is absent for two intervals."
        "连续两个周期没有这一行时告警。";
    DaemonHangs { seconds: u64 } = "daemon.hangs", Error,
        "A thread of the process waits for something that does not answer (a disk, as a rule), and what it worked on with it.",
        "Look at the file systems of webroots, targets and the state folder; under systemd the watchdog restarts the service."
        "检查网站目录、目标和状态目录所在的文件系统；在 systemd 下，看门狗会重启服务。";
    DaemonStopping = "daemon.stopping", Info,
        "The daemon was told to stop, and waits for what is under way.",
        "Nothing."
        "无需处理。";
    DaemonStopped = "daemon.stopped", Info,
        "The daemon has stopped; everything is recorded.",
        "Nothing."
        "无需处理。";
}
