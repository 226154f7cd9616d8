//! What is said of a fleet, in Chinese.

use crate::observe::event::{Difference, Fact};

/// What the operator of two machines with one number can do.
const CLAIM_NUMBER: &str = "在您决定之前本机不会申请证书：请在其中一套的配置中改用另一个 `machine`；\
                                    如果另一套已经不再使用，请在这里运行 `evercert claim`";

/// The sentence; empty for a fact that is about no fleet. `id` is the certificate or order that it is about.
pub(super) fn text(fact: &Fact, id: &str) -> String {
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
                true => CLAIM_NUMBER,
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
            let (theirs, own) = match difference {
                Difference::Key { theirs, own } => {
                    return format!(
                        "{who}申请的 {id} 使用 `key = \"{theirs}\"`，而本机配置为 `key = \"{own}\"`，于是各申请各的；\
                         请让所有机器上该域名的 `key` 一致"
                    );
                }
                Difference::Alone => ("随时", "轮流"),
                Difference::InTurns => ("轮流", "随时"),
            };
            format!(
                "{who}{theirs}申请，而本机{own}申请（订单 {id}），同一次续期可能被申请两次；\
                 请在所有申请证书的机器上设置 `orders = \"in-turn\"`"
            )
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
