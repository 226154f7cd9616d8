//! What is said of a fleet.

use crate::observe::event::{Difference, Fact};

/// What the operator of two machines with one number can do.
pub const CLAIM_NUMBER: &str = "nothing is ordered here until that is decided: give one of the two another `machine` in its \
                                config; where the other one is gone for good, run `evercert claim` here";

const CLAIM_NUMBER_CHINESE: &str = "在您决定之前本机不会申请证书：请在其中一套的配置中改用另一个 `machine`；\
                                    如果另一套已经不再使用，请在这里运行 `evercert claim`";

/// The sentence in English; empty for a fact that is about no fleet. `id` is the certificate or order that it is about.
pub(super) fn english(fact: &Fact, id: &str) -> String {
    match fact {
        Fact::FleetWaiting { hours, in_turn } => {
            let why = match in_turn {
                true => "this machine has not come to order it in its turns",
                false => "this machine never orders it",
            };
            format!(
                "due for {hours} hours, and nobody has ordered it: {why}; see whether those that order run, and what \
                 `evercert why` says there"
            )
        }
        Fact::FleetSameMachine {
            machine,
            other,
            stops,
        } => {
            let whose = match machine {
                0 => "as the only one that orders, as this one does".to_owned(),
                number => format!("under number {number}, which is this machine's"),
            };
            let what = match stops {
                true => CLAIM_NUMBER,
                false => "it is the younger one, and is to stop; give it another `machine`",
            };
            format!("another installation (\"{other}\") orders {whose} (order {id}): {what}")
        }
        Fact::FleetDiffers {
            machine,
            other,
            difference,
        } => {
            let who = match machine {
                0 => format!("another machine of the fleet (\"{other}\")"),
                number => format!("machine {number} of the fleet (\"{other}\")"),
            };
            match difference {
                Difference::Alone => format!(
                    "{who} orders at any time, and this one in its turns (order {id}): both may order for one renewal; \
                     write `orders = \"in-turn\"` on every machine that orders"
                ),
                Difference::InTurns => format!(
                    "{who} orders in turns, and this one at any time (order {id}): both may order for one renewal; \
                     write `orders = \"in-turn\"` on every machine that orders"
                ),
                Difference::Key { theirs, own } => format!(
                    "{who} ordered {id} with key = \"{theirs}\", and the config of this one has key = \"{own}\": each \
                     orders its own; make `key` the same on every machine"
                ),
            }
        }
        Fact::FleetTookOver { machine } => format!(
            "order {id} of machine {machine} is pending still, and is seen to its end from here"
        ),
        Fact::FleetBehind { newest } => format!(
            "the account has had {newest} for a day, and {} is installed here",
            match id {
                "" => "nothing",
                id => id,
            }
        ),
        _ => String::new(),
    }
}

/// The same in Chinese.
pub(super) fn chinese(fact: &Fact, id: &str) -> String {
    match fact {
        Fact::FleetWaiting { hours, in_turn } => {
            let why = match in_turn {
                true => "本机在自己的轮次中未能申请",
                false => "本机从不申请它",
            };
            format!(
                "到期该续期已 {hours} 小时，没有任何机器申请：{why}；请检查应当申请它的机器是否在运行，\
                 以及那里的 `evercert why` 说明了什么"
            )
        }
        Fact::FleetSameMachine {
            machine,
            other,
            stops,
        } => {
            let whose = match machine {
                0 => "与本机同为唯一申请的机器".to_owned(),
                number => format!("使用了本机的编号 {number}"),
            };
            let what = match stops {
                true => CLAIM_NUMBER_CHINESE,
                false => "它是较新的一套，应停止申请；请给它设置另一个 `machine`",
            };
            format!("另一套安装（{other}）{whose}（订单 {id}）：{what}")
        }
        Fact::FleetDiffers {
            machine,
            other,
            difference,
        } => {
            let who = match machine {
                0 => format!("另一台机器（{other}）"),
                number => format!("{number} 号机器（{other}）"),
            };
            match difference {
                Difference::Alone => format!(
                    "{who}随时申请，而本机轮流申请（订单 {id}），同一次续期可能被申请两次；\
                     请在所有申请证书的机器上设置 `orders = \"in-turn\"`"
                ),
                Difference::InTurns => format!(
                    "{who}轮流申请，而本机随时申请（订单 {id}），同一次续期可能被申请两次；\
                     请在所有申请证书的机器上设置 `orders = \"in-turn\"`"
                ),
                Difference::Key { theirs, own } => format!(
                    "{who}申请的 {id} 使用 `key = \"{theirs}\"`，而本机配置为 `key = \"{own}\"`，于是各申请各的；\
                     请让所有机器上该域名的 `key` 一致"
                ),
            }
        }
        Fact::FleetTookOver { machine } => {
            format!("{machine} 号机器的订单 {id} 仍待签发，由本机跟进到底")
        }
        Fact::FleetBehind { newest } => match id {
            "" => format!("账号中已有证书 {newest} 满一天，本机尚未安装"),
            id => format!("账号中已有证书 {newest} 满一天，本机安装的仍是 {id}"),
        },
        _ => String::new(),
    }
}
