//! The kinds of problems there are.

use crate::config::Topic;
use crate::sentence::{Phrase, say};
use crate::words::words;

words! {
    /// What kind of problem a subject has; it has one of each at most.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
    pub enum Family {
        /// Getting the certificate.
        Order = "order",
        /// An order hangs at the service.
        Stalled = "stalled",
        /// It waits for its operator.
        Parked = "parked",
        /// Proof of control.
        Proof = "proof",
        /// The zone is not where it has to be.
        Zone = "zone",
        /// A record to be put up by hand.
        Wanted = "wanted",
        /// A proof that has to be taken down by hand.
        Left = "left",
        /// Bringing it to its targets.
        Delivery = "delivery",
        /// A hook.
        Hook = "hook",
        /// A target went back.
        RolledBack = "rolled_back",
        /// Something else is served.
        Drift = "drift",
        /// The live folder shows something else.
        Live = "live",
        /// Nobody of the fleet orders it, or it is not fetched here.
        Waiting = "waiting",
        /// The end comes near.
        Life = "life",
        /// An account is refused.
        Account = "account",
        /// An account's list can't be had.
        List = "list",
        /// No free certificate is left.
        Quota = "quota",
        /// Clocks differ.
        Clock = "clock",
        /// Somebody else orders too.
        Conflict = "conflict",
        /// The config.
        Config = "config",
    }
}

impl Family {
    /// What channels choose it by.
    pub(super) fn topic(self) -> Topic {
        match self {
            Self::Order
            | Self::Stalled
            | Self::Parked
            | Self::Proof
            | Self::Delivery
            | Self::Hook
            | Self::RolledBack
            | Self::Waiting
            | Self::Live => Topic::Failed,
            Self::Wanted | Self::Left | Self::Zone => Topic::Validation,
            Self::Drift => Topic::Drift,
            Self::Life => Topic::Expiring,
            Self::Account | Self::List | Self::Clock => Topic::Account,
            Self::Quota => Topic::Quota,
            Self::Conflict => Topic::Conflict,
            Self::Config => Topic::Config,
        }
    }

    /// What is wrong, in a few words.
    pub fn title(self) -> Phrase {
        match self {
            Self::Order => say("no new certificate", "申请证书失败"),
            Self::Stalled => say("not issued for long", "迟迟没有签发"),
            Self::Parked => say("waits for you", "已停止，待人工处理"),
            Self::Proof => say("validation fails", "域名验证失败"),
            Self::Zone => say("zone elsewhere", "解析不在该账号"),
            Self::Wanted => say("a record is wanted", "等待添加解析记录"),
            Self::Left => say("a record is left", "验证记录未能删除"),
            Self::Delivery => say("not delivered", "部署失败"),
            Self::Hook => say("hook fails", "钩子失败"),
            Self::RolledBack => say("went back", "部署失败，已恢复原样"),
            Self::Drift => say("another certificate is in use", "使用的不是已安装的证书"),
            Self::Live => say("wrong folder", "证书目录内容不对"),
            Self::Waiting => say("not renewed here", "本机尚未更新"),
            Self::Life => say("ends soon or has ended", "即将到期或已过期"),
            Self::Account => say("refused", "被拒绝"),
            Self::List => say("list can't be read", "证书列表读取失败"),
            Self::Quota => say("no free certificate left", "免费证书额度已用完"),
            Self::Clock => say("wrong clock", "时间不准"),
            Self::Conflict => say("another installation", "还有另一套 Evercert"),
            Self::Config => say("mistake", "配置有误"),
        }
    }

    /// Whether no event ends it.
    pub(super) fn fades(self) -> bool {
        matches!(
            self,
            Self::Clock | Self::Conflict | Self::List | Self::Left | Self::Drift
        )
    }
}
