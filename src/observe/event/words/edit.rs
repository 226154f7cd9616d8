//! The sentence of an edit of the config.

use std::fmt;

use crate::observe::event::fact::{ConfigChange, Names};
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
    more(names, count) "{names} and {count} more" "{names} 等共 {count} 个";
}

/// The difference, and what it costs.
pub(super) fn reloaded(change: &ConfigChange, language: Language) -> String {
    let name = |names: &Names| listed(names, language);
    let of = |sentence: Sentence| language.of(&sentence).to_owned();
    let mut text = of(changed(
        name(&change.added),
        name(&change.removed),
        name(&change.changed),
    ));
    if !change.settings.is_empty() {
        text.push_str(&of(settings(name(&change.settings))));
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

fn listed(names: &Names, language: Language) -> String {
    let first: Vec<&str> = names.first.iter().map(AsRef::as_ref).collect();
    match (first.is_empty(), names.more, language) {
        (true, ..) => language.of(&nothing()).to_owned(),
        (_, 0, Language::English) => first.join(", "),
        (_, 0, Language::Chinese) => first.join("、"),
        (_, rest, Language::English) => more(first.join(", "), rest).english,
        (_, rest, Language::Chinese) => more(first.join("、"), first.len() + rest).chinese,
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&listed(self, Language::English))
    }
}
