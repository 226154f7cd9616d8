//! The daemon, the accounts and the calls, in figures.

use chrono::{DateTime, TimeDelta, Utc};
use maud::{Markup, html};

use super::parts::short_time;
use super::reader::Reader;
use crate::observe::calls::SLICE;
use crate::observe::health::HealthStatus;
use crate::observe::overview::{AccountLine, Overview, Rate};
use crate::sentence::{Language, sentences};

/// As many accounts are shown, those with the fewest free certificates left.
const ACCOUNTS: usize = 6;

sentences! {
    used(used, limit) "{used} of {limit} used" "已用 {used} / {limit}";
    at_most(limit) "not listed yet; {limit} at most" "尚未获取；上限 {limit}";
    more_accounts(count) "and {count} more, with more left: `evercert account`" "另有 {count} 个剩余更多的账号：`evercert account`";
    calls(total, minutes, most, seconds)
        "{total} calls in the last {minutes} minutes, at most {most} in {seconds} seconds"
        "最近 {minutes} 分钟共 {total} 次调用，{seconds} 秒内最多 {most} 次";
    pace(minutes, peak, permits)
        "the last {minutes} minutes; at most {peak} in one second, {permits} allowed"
        "最近 {minutes} 分钟；每秒最多 {peak} 次，上限 {permits} 次";
    throttled(count) "; {count} refused as too many" "；{count} 次因过于频繁被拒绝";
    took(time) ", took {time}" "，用时 {time}";
}

/// All of them.
pub(super) fn figures(
    reader: Reader,
    overview: &Overview,
    status: &HealthStatus,
    rate: &Rate,
) -> Markup {
    html! {
        (daemon(reader, overview, status))
        @if !overview.accounts.is_empty() { (accounts(reader, &overview.accounts, overview.now)) }
        (api(reader, rate))
    }
}

fn daemon(reader: Reader, overview: &Overview, status: &HealthStatus) -> Markup {
    let now = overview.now;
    let figure = |name: &str, value: &str, below: &Markup| {
        html! {
            div.figure { dt { (name) } dd { strong { (value) } span.dim { (below) } } }
        }
    };
    let nothing = html! {};
    let name = reader.say("Last pass", "上次检查");
    let last = match &status.last_pass {
        Some(pass) => {
            let length = TimeDelta::from_std(pass.took).unwrap_or_default();
            let length = if length < TimeDelta::milliseconds(100) {
                reader.say("under 0.1 s", "不到 0.1 秒").to_owned()
            } else if length < TimeDelta::minutes(2) {
                format!("{:.1} {}", pass.took.as_secs_f64(), reader.say("s", "秒"))
            } else {
                reader.span(length)
            };
            figure(
                name,
                &reader.relative(pass.ended, now),
                &html! { (short_time(pass.ended, now)) (reader.tell(took(length))) },
            )
        }
        None => figure(name, reader.say("in progress", "进行中"), &nothing),
    };
    let name = reader.say("Next check", "下次定时检查");
    let next = match status.next_check {
        Some(at) => figure(name, &reader.relative(at, now), &short_time(at, now)),
        None => figure(name, reader.say("not set", "未设置"), &nothing),
    };
    let name = reader.say("Next due", "下一项任务");
    let due = match overview.next_due {
        Some(at) => figure(name, &reader.coming(at, now), &short_time(at.max(now), now)),
        None => figure(name, reader.say("nothing", "无"), &nothing),
    };
    let running = figure(
        reader.say("Running", "已运行"),
        &reader.span(now - status.started),
        &html! { (reader.say("since ", "自 ")) (short_time(status.started, now)) },
    );
    html! { dl.daemon { (last) (next) (due) (running) } }
}

/// Used free certificates, in thousandths of the limit.
fn share(account: &AccountLine) -> u64 {
    account.slots.map_or(0, |(used, _)| {
        u64::from(used) * 1_000 / u64::from(account.limit.max(1))
    })
}

fn accounts(reader: Reader, all: &[AccountLine], now: DateTime<Utc>) -> Markup {
    let mut shown: Vec<&AccountLine> = all.iter().collect();
    if shown.len() > ACCOUNTS {
        shown.sort_by_key(|account| std::cmp::Reverse(share(account)));
    }
    let hidden = shown.len().saturating_sub(ACCOUNTS);
    html! {
        div.panel {
            h2 { (reader.say("Free certificates", "免费证书额度")) }
            ul.accounts {
                @for account in shown.into_iter().take(ACCOUNTS) { (slots(reader, account, now)) }
            }
            @if hidden > 0 { p.dim { (super::parts::ticks(&reader.tell(more_accounts(hidden)))) } }
        }
    }
}

fn slots(reader: Reader, account: &AccountLine, now: DateTime<Utc>) -> Markup {
    let share = share(account).min(1_000);
    let tone = match share {
        1_000 => "bad",
        900.. => "wary",
        _ => "well",
    };
    html! {
        li.account {
            b { (account.name) }
            @match account.slots {
                Some((used_now, seen)) => {
                    span.count { (reader.tell(used(used_now, account.limit))) }
                    svg class=(format!("meter {tone}")) width="100%" height="8" aria-hidden="true" {
                        rect.room x="0" y="0" width="100%" height="8" rx="4" {}
                        rect.used x="0" y="0" width=(format!("{}.{}%", share / 10, share % 10)) height="8" rx="4" {}
                    }
                    span.dim {
                        @match reader.language {
                            Language::English => { "as listed " (reader.relative(seen, now)) },
                            Language::Chinese => { (reader.relative(seen, now)) "的数据" },
                        }
                    }
                },
                None => { span.count.dim { (reader.tell(at_most(account.limit))) } },
            }
        }
    }
}

fn api(reader: Reader, rate: &Rate) -> Markup {
    let slices = &rate.counts.slices;
    let most = slices.iter().copied().max().unwrap_or(0).max(4);
    let width = 100.0 / slices.len().max(1) as f64;
    let minutes = SLICE.as_secs() * slices.len() as u64 / 60;
    let total: u32 = slices.iter().sum();
    let label = reader.tell(calls(total, minutes, most, SLICE.as_secs()));
    html! {
        div.panel {
            h2 { (reader.say("Calls to the API", "接口调用")) }
            p.big { strong { (rate.last_minute) } span.dim { (reader.say(" in the last minute", " 次（最近 1 分钟）")) } }
            svg.rate width="100%" height="34" role="img" aria-label=(label) {
                line.base x1="0" x2="100%" y1="33.5" y2="33.5" {}
                @for (place, calls) in slices.iter().enumerate() {
                    @if *calls > 0 {
                        @let height = 32.0 * f64::from(*calls) / f64::from(most);
                        rect x=(format!("{:.2}%", place as f64 * width)) y=(format!("{:.1}", 33.0 - height))
                            width=(format!("{:.2}%", width * 0.8)) height=(format!("{height:.1}")) {}
                    }
                }
            }
            p.dim {
                (reader.tell(pace(minutes, rate.peak, rate.permits)))
                @if rate.counts.throttled > 0 { (reader.tell(throttled(rate.counts.throttled))) }
            }
        }
    }
}
