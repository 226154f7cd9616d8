//! The sentences in Chinese.

mod fleet;
mod parts;

use super::edit::reloaded;
use super::pieces::{Times, either};
use crate::observe::event::fact::{
    OrderEnd, Pretended, Refused, Renewed, Resumed, Stalled, Twin, Untold,
};
use crate::observe::event::{Event, Fact, Plain};
use crate::sentence::Language;
use parts::{at, due, mistake_of, proof_of, quoted, reason, waited_for};

/// What the operator of a copy can do.
const CLAIM: &str = "在您决定之前不会申请证书：如果另一套已永久停用，请在这里运行 `evercert claim`；\
                     如果两套都要继续运行，请停止这一套，把 evercert.db 移出状态目录，再作为新的一套启动";

/// What happened, without the certificate that it is about.
pub(super) fn text(event: &Event, times: Times) -> String {
    let about = &event.about;
    let domain = about.certificate.as_deref().unwrap_or_default();
    let account = about.account.as_deref().unwrap_or_default();
    let id = about.certificate_id.as_deref().unwrap_or_default();
    let target = about.target.as_deref().unwrap_or_default();
    let why = |said: &Plain| reason(about.code.as_deref(), said);
    match &event.fact {
        Fact::OrderApplied { why } => format!("已提交申请，原因：{}", due(*why)),
        Fact::OrderUnknown { marker, reason } => {
            format!("{}；再次申请之前，会先按标记 {marker} 查找这个订单", why(reason))
        }
        Fact::OrderFound => format!("没有收到响应的那次申请已成功，订单是 {id}"),
        Fact::OrderVanished { order } => {
            format!("订单 {order} 一直没有在腾讯云出现，按申请未成功处理")
        }
        Fact::OrderAdopted { is_own } => {
            let what = either(*is_own, "自己的订单", "证书");
            format!("腾讯云已有{what} {id}，直接使用，不再申请")
        }
        Fact::OrderPending { status, is_known } => {
            let known = either(*is_known, "", "，本版本不认识这个状态");
            format!("订单 {id} 等待签发（状态 {status}{known}）")
        }
        Fact::OrderStalled { how } => match how {
            Stalled::Zone => format!(
                "订单 {id} 已等待一天；请确认域名的解析在这个账号的 DNS 中。`evercert doctor` 会列出其他妨碍签发的原因"
            ),
            Stalled::Proof => {
                format!("订单 {id} 已等待一天；`evercert status` 说明域名验证在等什么")
            }
            Stalled::NotValidated => format!("订单 {id} 未能按时通过域名验证，正在取消"),
        },
        Fact::OrderIssued => format!("证书 {id} 已签发"),
        Fact::OrderFailed { order, how } => {
            let how = match how {
                OrderEnd::Rejected => "被拒绝",
                OrderEnd::Expired => "已签发，但在安装之前就已过期",
                OrderEnd::Gone => "在腾讯云已不存在",
            };
            format!("订单 {order} {how}")
        }
        Fact::OrderUnusable { reason } => {
            format!("{}；不再使用这张证书，另行申请", why(reason))
        }
        Fact::OrderCancelled { order } => format!("订单 {order} 已取消或已无用"),
        Fact::OrderDeleted => format!("已删除无用的订单 {id}"),
        Fact::OrderDuplicate {
            first,
            not_cancelled,
        } => {
            let ending = match not_cancelled {
                None => "已取消".to_owned(),
                Some(error) => format!("取消失败：{}", why(error)),
            };
            format!("除订单 {first} 外又出现一个自己的订单 {id}；{ending}")
        }
        Fact::OrderForeign => {
            format!("已有他人为这个域名提交的订单 {id}，等它签发后直接使用")
        }
        Fact::CertificateInstalled => {
            format!("证书 {id} 已安装，有效期至 {}", event.day(times))
        }
        Fact::LiveWrong { reason } => format!("证书目录的内容不对：{}", why(reason)),
        Fact::LiveMended { repair: None } => "证书目录已恢复正常".to_owned(),
        Fact::LiveMended {
            repair: Some(repair),
        } => {
            let how = either(repair.is_fetched, "重新下载的证书", "本地存档");
            format!("证书目录的内容不对：{}；已用{how}恢复", why(&repair.wrong))
        }
        Fact::CertificateRenewed { seen } => {
            let how = match seen {
                Renewed::Installed => "已续期".to_owned(),
                Renewed::Delivered => "已续期并部署".to_owned(),
                Renewed::Served(address) => format!("已续期，{address} 线上已使用新证书"),
            };
            format!("{how}，有效期至 {}", event.day(times))
        }
        Fact::CertificateDeployed { cloud } => match cloud.map(|bound| bound.0) {
            Some(Some(0)) => format!("没有云资源绑定旧证书，无需更换（{target}）"),
            Some(Some(count)) => format!("已绑定到 {count} 个云资源（{target}）"),
            Some(None) | None => format!("已部署（{target}）"),
        },
        Fact::CertificateServed => format!("线上已使用新证书（{target}）"),
        Fact::CertificateRolledBack { is_cloud, reason } => {
            let what = either(*is_cloud, "云资源已换回原来的证书", "文件已恢复原样");
            format!("{target}：{what}：{}", why(reason))
        }
        Fact::DeliveryPretended { what } => {
            let what = match what {
                Pretended::Install => "会写入文件、检查并重载",
                Pretended::Cloud => "会更换云资源的证书",
                Pretended::Hook => "会运行钩子",
                Pretended::Verify => "会连接并比对线上的证书",
            };
            format!("{what}：{target}")
        }
        Fact::DriftFound {
            reason,
            is_replaced,
        } => {
            let what = either(*is_replaced, "；重新部署已安装的证书", "");
            format!("{}证书不一致：{}{what}", at(event), why(reason))
        }
        Fact::CloudHosted { reason } => {
            format!("{}云资源托管已开启：{}", at(event), why(reason))
        }
        Fact::HookFailed { reason } => format!("{}钩子失败：{}", at(event), why(reason)),
        Fact::HookRan { output } if output.as_ref().is_empty() => format!("{target} 运行成功"),
        Fact::HookRan { output } => format!("{target} 运行成功，输出：{}", quoted(output)),
        Fact::CertificateFailed { reason, goes_back } => {
            let what = either(*goes_back, "；正在换回原来的证书", "");
            let step = either(about.target.is_some(), "部署", "申请证书");
            format!("{}{step}失败：{}{what}", at(event), why(reason))
        }
        Fact::CertificateParked { reason, remedy } => {
            format!("{domain} 已停止，待人工处理：{}；{}", why(reason), parts::reason(None, remedy))
        }
        Fact::CertificateRevoked { status } => {
            format!("已安装的证书 {id} 在腾讯云已吊销、正在吊销或已退款（状态 {status}），立即申请新证书")
        }
        Fact::CertificatePaused { since } => {
            let since = times(since.as_ref());
            let end = match about.days_left {
                Some(days) if days < 0 => "证书已过期".to_owned(),
                Some(days) => format!("证书还剩 {days} 天"),
                None => "还没有证书".to_owned(),
            };
            format!(
                "{domain} 自 {since} 起暂停：不申请也不部署；{end}。`evercert resume {domain}` 恢复"
            )
        }
        Fact::CertificateResumed { why } => match why {
            Resumed::Asked => "暂停结束，恢复管理",
            Resumed::Edited => "配置已修改，重新尝试",
            Resumed::Adoptable => "腾讯云有可以直接使用的证书，继续处理",
        }
        .to_owned(),
        Fact::CertificateExpiring { is_shown, waits } => {
            let left = match about.days_left.unwrap_or_default() {
                few @ 0..2 => format!("剩余不到 {} 天", few + 1),
                days => format!("剩余 {days} 天"),
            };
            let what = match is_shown {
                true => format!(
                    "线上的证书{left}，且不是已安装的那张；详情见 `evercert why {domain}`"
                ),
                false => format!("{left}，尚未续期"),
            };
            format!("{what}{}", waited_for(event, waits))
        }
        Fact::CertificateExpired { is_shown, waits } => {
            let what = match is_shown {
                true => "线上的证书已过期，且不是已安装的那张",
                false => "证书已过期，尚未续期",
            };
            format!("{what}{}", waited_for(event, waits))
        }
        Fact::AccountPaused { what, reason } => {
            let what = match what {
                Refused::All => "已停止处理",
                Refused::Apply => "不能申请证书",
                Refused::Fetch => "不能下载证书",
            };
            format!("账号 {account} {what}：{}；请改正后重新加载", why(reason))
        }
        Fact::AccountUnreachable { reason } => format!(
            "账号 {account} 的证书列表读取失败：{}；该账号的证书一起等待下次重试",
            why(reason)
        ),
        Fact::AccountResumed => format!("账号 {account} 已恢复正常"),
        Fact::QuotaExhausted { reason } => match &about.main_domain {
            // The reason says what is used up, and the remedy what to do.
            Some(main) => format!("主域名 {main}：{}；该主域名下的其他域名也在等待", why(reason)),
            None => format!("账号 {account}：{}；该账号的其他证书也在等待", why(reason)),
        },
        Fact::ApiThrottled {
            is_application: true,
            reason,
        } => format!(
            "账号 {account} 的一次申请超过了未指明的限制：{}；再申请一次即可知道是不是额度用完",
            why(reason)
        ),
        Fact::ApiThrottled { reason, .. } => format!("请求过于频繁：{}", why(reason)),
        Fact::ApiRefused { reason } => format!("调用被拒绝：{}", why(reason)),
        Fact::ClockSkewed { seconds } => {
            let side = either(*seconds > 0, "慢", "快");
            format!(
                "本机时间比腾讯云{side} {} 秒；请校准（chrony 或 systemd-timesyncd）",
                seconds.abs()
            )
        }
        Fact::ValidationZoneElsewhere => {
            "腾讯云返回：域名的解析不在它的 DNS，`DNS_AUTO` 无法完成域名验证；请把域名解析放到这个账号的 DNS，\
             或改用别的 `validation`"
                .to_owned()
        }
        Fact::ValidationPresented { proof } => format!("已添加{}", proof_of(proof)),
        Fact::ValidationWanted { proof } => {
            format!("请添加{}；查到后会自动继续", proof_of(proof))
        }
        Fact::ValidationVisible => "从外部已能查到验证内容".to_owned(),
        Fact::ValidationUnseen { reason } => {
            format!("从本机查不到验证内容，仍然请求 CA 验证：{}", why(reason))
        }
        Fact::ValidationAsked => "已请求腾讯云验证".to_owned(),
        Fact::ValidationWaiting { reason } => format!("尚未通过验证：{}", why(reason)),
        Fact::ValidationFailed {
            is_cleaning,
            reason,
        } => {
            let doing = either(*is_cleaning, "删除验证内容", "域名验证");
            format!("{doing}失败：{}", why(reason))
        }
        Fact::ValidationCleaned { is_manual } => either(
            *is_manual,
            "验证用的解析记录已不再需要",
            "已删除验证内容",
        )
        .to_owned(),
        Fact::ValidationLeft { proof, reason } => {
            format!("{} 未能删除：{}；请手动删除", proof_of(proof), why(reason))
        }
        Fact::TwinSeen {
            what: Twin::Orders(prefix),
        } => format!("另一套 Evercert（{prefix}…）在申请同一域名；一个域名只能由一套管理"),
        Fact::TwinSeen {
            what: Twin::Copy(reason),
        } => format!("状态目录可能是副本：{}；{CLAIM}", why(reason)),
        Fact::FleetWaiting { .. }
        | Fact::FleetSameMachine { .. }
        | Fact::FleetDiffers { .. }
        | Fact::FleetTookOver { .. }
        | Fact::FleetBehind { .. } => fleet::text(&event.fact, id),
        Fact::ConfigReloaded { change } => reloaded(change, Language::Chinese),
        Fact::ConfigRejected {
            mistake,
            is_mistake,
            parts,
        } => {
            let what = either(*is_mistake, "；原配置继续有效", "");
            format!("新配置未生效：{}{what}", mistake_of(mistake, parts.as_ref()))
        }
        Fact::ConfigWarning { warning } => format!("配置警告：{}", quoted(warning)),
        Fact::HttpListening { address } => {
            format!("状态页：http://{address}/，指标：http://{address}/metrics")
        }
        Fact::HttpFailed { address, reason } => format!(
            "无法监听 {address}：{}；在此之前没有状态页，续期照常进行",
            why(reason)
        ),
        Fact::TextfileFailed { path, reason } => format!("无法写入 {path}：{}", why(reason)),
        Fact::LogDropped { lines } => {
            format!("日志无人读取，丢弃了 {lines} 行；其余工作照常进行")
        }
        Fact::RequestTaken {
            what,
            refusal: None,
        } => format!("收到命令：{}", reason(None, what)),
        Fact::RequestTaken {
            what,
            refusal: Some(refusal),
        } => format!("收到命令：{}，无法执行：{}", reason(None, what), reason(None, refusal)),
        Fact::TurnBroken { what, reason } => {
            format!("处理中断（{}）：{}", parts::reason(None, what), why(reason))
        }
        Fact::StoreFailed { reason } => format!("数据库出错：{}；30 秒后重试", why(reason)),
        Fact::StoreRestored { orders_after } => {
            let orders_after = times(orders_after.as_ref());
            format!(
            "数据库已从备份恢复；正在腾讯云查找备份之后申请的证书，{orders_after} 之前不会申请")
        }
        Fact::PassStarted => "开始检查".to_owned(),
        Fact::PassFinished { due } => format!("检查完成，到期需要处理的证书：{due} 张"),
        Fact::PassIdle => "检查完成，没有需要处理的证书".to_owned(),
        Fact::NotificationSent {
            channel,
            title,
            answer,
        } => format!("已通知 {channel}：{title}；{}", quoted(answer)),
        Fact::NotificationFailed {
            channel,
            what,
            reason,
        } => match what {
            Untold::All => format!("通知 {channel} 失败：{}", why(reason)),
            Untold::Some => format!("通知 {channel} 部分失败：{}", why(reason)),
            Untold::GoodPass => format!("未能向 {channel} 报告检查正常：{}", why(reason)),
        },
        Fact::NotificationDropped {
            channel,
            notices,
            reason,
        } => format!(
            "通知 {channel} 连续三天失败，放弃其中 {notices} 条：{}",
            why(reason)
        ),
        Fact::NotificationPretended {
            channel,
            text: Some(text),
        } => format!("会通知 {channel}：{text}"),
        Fact::NotificationPretended {
            channel,
            text: None,
        } => format!("会向 {channel} 报告检查正常"),
        Fact::DaemonStarting {
            version,
            config,
            state_dir,
        } => format!("Evercert {version} 启动；配置 {config}，状态目录 {state_dir}"),
        Fact::DaemonReady {
            certificates,
            state_dir,
        } => format!("就绪：{certificates} 张证书，状态目录 {state_dir}"),
        Fact::DaemonHeartbeat { counts } => {
            let life = format!(
                "运行正常；证书 {} 张，问题 {} 个，待处理 {} 张，进行中的订单 {} 个",
                counts.certificates, counts.problems, counts.due, counts.orders
            );
            let life = match about.days_left {
                Some(days) if days < 0 => format!("{life}；最早到期的证书已过期"),
                Some(days) => format!("{life}；最早到期的证书还剩 {days} 天"),
                None => format!("{life}；尚未安装证书"),
            };
            match &about.next_attempt {
                Some(due) => format!("{life}；下一次处理在 {}", times(due)),
                None => life,
            }
        }
        Fact::DaemonHangs { seconds } => format!(
            "进程的一个线程已停顿 {seconds} 秒，它的工作也随之停止；systemd 的看门狗会结束进程，也可以手动重启"
        ),
        Fact::DaemonStopping => "正在停止：等待不能中断的工作完成".to_owned(),
        Fact::DaemonStopped => "已停止".to_owned(),
    }
}
