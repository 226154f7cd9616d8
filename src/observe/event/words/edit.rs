//! The sentence of an edit of the config.

use crate::observe::event::Plain;
use crate::observe::event::fact::{ChangedName, ConfigChange, Names};
use crate::sentence::{Language, Sentence, sentences};

sentences! {
    changed(added, removed, changed)
        "the config was read again; added: {added}; removed: {removed}; changed: {changed}"
        "已重新读取配置；增加：{added}；删除：{removed}；修改：{changed}";
    settings(names) "; settings: {names}" "；设置：{names}";
    removed()
        "; what is removed is no longer renewed, its files stay"
        "；删除的不再续期，文件保留";
    no_order() "; it costs no order now" "；现在不需要申请证书";
    one_order()
        "; it costs 1 order now, unless there is a certificate to adopt"
        "；现在需要申请 1 张证书，除非腾讯云已有可用的";
    orders(count)
        "; it costs {count} orders now, unless there are certificates to adopt"
        "；现在需要申请 {count} 张证书，除非腾讯云已有可用的";
    nothing() "none" "无";
    with_keys(name, keys) "{name} ({keys})" "{name}（{keys}）";
    more(names, count) "{names} and {count} more" "{names}，另有 {count} 个";
}

/// The difference, and what it costs.
pub(super) fn reloaded(change: &ConfigChange, language: Language) -> String {
    let of = |sentence: Sentence| language.of(&sentence).to_owned();
    let mut text = of(changed(
        listed(&change.added, plain),
        listed(&change.removed, plain),
        listed(&change.changed, changed_name),
    ));
    if !change.settings.is_empty() {
        text.push_str(&of(settings(listed(&change.settings, plain))));
    }
    if !change.removed.is_empty() {
        text.push_str(&of(removed()));
    }
    text.push_str(&of(match change.orders {
        0 => no_order(),
        1 => one_order(),
        many => orders(many),
    }));
    text
}

fn listed<T>(names: &Names<T>, said: fn(&T) -> Sentence) -> Sentence {
    let first = Sentence::list(names.first.iter().map(said));
    match (names.first.len(), names.more) {
        (0, _) => nothing(),
        (_, 0) => first,
        (_, rest) => more(first, rest),
    }
}

fn plain(name: &Plain) -> Sentence {
    Sentence::verbatim(name.as_ref())
}

fn changed_name(changed: &ChangedName) -> Sentence {
    match changed {
        ChangedName::Keys(name, keys) => with_keys(plain(name), listed(keys, plain)),
        ChangedName::Text(text) => plain(text),
    }
}
