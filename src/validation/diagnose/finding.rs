//! What may be found, and its words.

use crate::sentence::{Sentence, sentences};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gravity {
    /// The CA would not issue.
    Fails,
    /// It may, and should not be left to chance.
    Advice,
    /// It can't be known from here.
    Unproven,
}

/// One thing that stands in the way, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// How grave it is.
    pub(crate) gravity: Gravity,
    /// What is wrong.
    pub(crate) what: Sentence,
    /// What to do.
    pub(crate) remedy: Sentence,
}

impl Finding {
    pub(super) fn fails(what: Sentence, remedy: Sentence) -> Self {
        let gravity = Gravity::Fails;
        Self {
            gravity,
            what,
            remedy,
        }
    }

    pub(super) fn advises(what: Sentence, remedy: Sentence) -> Self {
        let gravity = Gravity::Advice;
        Self {
            gravity,
            what,
            remedy,
        }
    }

    pub(super) fn leaves_open(what: Sentence, remedy: Sentence) -> Self {
        let gravity = Gravity::Unproven;
        Self {
            gravity,
            what,
            remedy,
        }
    }
}

sentences! {
    // CAA.
    other_cas_only(domain, issuers) "the CAA records of {domain} allow only {issuers}" "{domain} 的 CAA 记录只允许 {issuers}";
    earlier_cas_only(domain, issuers) "the CAA records of {domain} allow only {issuers}: since 2026 these certificates are signed by TrustAsia's own CA, and whether it goes by that name is not known" "{domain} 的 CAA 记录只允许 {issuers}：2026 年起证书由 TrustAsia 自己的 CA 签发，它是否认这个名称并不清楚";
    no_ca_at_all(domain) "the CAA records of {domain} forbid every CA" "{domain} 的 CAA 记录禁止所有 CA 签发";
    critical_caa(domain, tag) "a CAA record of {domain} has the tag {tag} and is marked critical: a CA that does not know it must not issue" "{domain} 有一条标记为 critical 的 CAA 记录，tag 为 {tag}：不认识它的 CA 不得签发";
    allow_the_ca() "add a CAA record that allows it: 0 issue \"trustasia.com\"" "请添加允许它的 CAA 记录：0 issue \"trustasia.com\"";
    take_the_flag_away() "take that record away, or its flag (0 instead of 128)" "请删除该记录，或把标志由 128 改为 0";
    caa_fails(domain, error) "the CAA records of {domain} can't be looked up ({error}): every CA must take that for a refusal where the zone is signed, and most do elsewhere" "查询 {domain} 的 CAA 记录失败（{error}）：启用了 DNSSEC 时任何 CA 都必须视为拒绝，其他情况下多数 CA 也视为拒绝";
    let_caa_be_answered() "its name servers must answer for CAA, and be it that there is none; see `dig CAA`, and ask whoever runs them" "DNS 服务器必须响应 CAA 查询，哪怕没有记录：可用 `dig CAA` 查看，并联系 DNS 服务商";
    caa_unseen(domain, error) "whether the CAA records of {domain} can be looked up is not proven: this machine's resolver can't ({error}), its own name servers answer" "无法确认能否查询 {domain} 的 CAA 记录：本机的解析器查询失败（{error}），它的 DNS 服务器则有响应";
    look_from_elsewhere() "look from another place, for instance with `dig` at a public resolver" "请换一个地方查看，例如用 `dig` 向公共 DNS 查询";
    // DNSSEC.
    unsigned_behind_ds(zone) "DNSSEC of {zone} is broken: the registrar names a DS record, and the zone has no keys; no CA issues for it" "{zone} 的 DNSSEC 已断开：注册商处有 DS 记录，而解析中没有密钥；任何 CA 都不会签发";
    take_ds_away() "take the DS record away at the registrar (as after a change of the DNS provider), or sign the zone; a day later the caches know it" "请在注册商处删除 DS 记录（更换 DNS 服务商之后常见），或重新启用签名；缓存过期最多需要一天";
    keys_unlike_ds(zone) "DNSSEC of {zone} is broken: no key of the zone is one that the registrar's DS records name; no CA issues for it" "{zone} 的 DNSSEC 已断开：解析中的密钥与注册商处的 DS 记录都不符；任何 CA 都不会签发";
    set_the_ds() "set the DS record at the registrar to the one that the DNS provider shows now, or take it away" "请把注册商处的 DS 记录改为 DNS 服务商现在显示的值，或删除它";
    signatures_ended(zone, time) "DNSSEC of {zone} is broken: its signatures ended {time}; no CA issues for it" "{zone} 的 DNSSEC 已断开：签名已于 {time} 过期；任何 CA 都不会签发";
    sign_again() "have the zone signed again, and find out why its server did not do it; until then the DS record can be taken away at the registrar" "请重新签名，并查明 DNS 服务器为什么没有自动签名；在此之前可先在注册商处删除 DS 记录";
    not_signed(zone) "DNSSEC of {zone} is broken: it has keys, and its records bear no signatures of them; no CA issues for it" "{zone} 的 DNSSEC 已断开：有密钥，但记录没有相应的签名；任何 CA 都不会签发";
    resolver_refuses(zone, resolver) "DNSSEC of {zone} is broken: the resolver {resolver} answers SERVFAIL, and answers well where it is told not to check signatures; no CA issues for it" "{zone} 的 DNSSEC 已断开：解析器 {resolver} 返回 SERVFAIL，要求它不检查签名时却正常；任何 CA 都不会签发";
    look_where_it_breaks() "`delv` or dnsviz.net shows where the chain breaks; mend it at the DNS provider, or take the DS record away at the registrar" "可用 `delv` 或 dnsviz.net 查看断在哪里；请在 DNS 服务商处修复，或在注册商处删除 DS 记录";
    dnssec_unproven(zone) "whether DNSSEC of {zone} holds is not proven: it is signed, and no resolver of this machine checks signatures" "无法确认 {zone} 的 DNSSEC 是否完好：它启用了签名，而本机的解析器都不检查签名";
    ask_a_validating_resolver() "look at it at dnsviz.net, or with `delv` at a resolver that checks" "请在 dnsviz.net 查看，或用 `delv` 向会检查签名的解析器查询";
    // Name servers.
    no_name_servers(domain) "no name servers of {domain} could be found from here" "在本机查不到 {domain} 的权威 DNS 服务器";
    name_servers_fail(domain, error) "the name servers of {domain} could not be looked up from here: {error}" "在本机查询 {domain} 的权威 DNS 服务器失败：{error}";
    set_name_servers() "if other names resolve on this machine, its delegation is missing: set the name servers at the registrar" "如果本机能解析其他域名，说明它未配置 NS 记录：请在域名注册商处设置 DNS 服务器";
    name_servers_without_address(zone) "the name servers of {zone} have no addresses" "{zone} 的 DNS 服务器没有 IP 地址";
    lame_name_server(server, zone) "{server} is named as a name server of {zone}, and does not answer for it" "{server} 被设为 {zone} 的 DNS 服务器，却不响应它的查询";
    silent_name_server(server, zone) "{server} is named as a name server of {zone}, and does not answer from here, while others do" "{server} 被设为 {zone} 的 DNS 服务器，在本机查询没有响应，其他服务器则有";
    correct_name_servers() "correct the name servers at the registrar, or the zone on that server" "请改正注册商处的 DNS 服务器，或该服务器上的解析";
    open_name_server() "it must answer from everywhere: the CA asks from several parts of the world" "它必须响应来自任何地方的查询：CA 从世界各地的多个位置查询";
    // FILE.
    dead_end_for_the_file(reason) "the way of the validation file is a dead end: {reason}" "验证文件的访问路径走不通：{reason}";
    let_the_file_be_reached() "leave /.well-known/pki-validation/ out of that redirect, or let its target answer" "请让该重定向跳过 /.well-known/pki-validation/，或让其目标可以访问";
    not_filed(domain) "{domain} has no ICP filing (备案): http is answered by Tencent Cloud's block page, before it reaches the server" "{domain} 没有备案：http 请求到达服务器之前就被腾讯云的拦截页截住";
    not_filed_but_https(domain) "{domain} has no ICP filing (备案): http is answered by Tencent Cloud's block page; the file can be seen by https only, as long as that is let through" "{domain} 没有备案：http 请求被腾讯云的拦截页截住；验证文件只能通过 https 访问，而 https 也可能随时被拦截";
    prove_by_dns() "prove control by DNS_AUTO or DNS, which need no filing; or file the name" "请改用 DNS_AUTO 或 DNS 验证（不需要备案），或为该域名办理备案";
    no_address(domain) "no address of {domain} could be found from here" "在本机查不到 {domain} 的 IP 地址";
    address_fails(domain, error) "an address of {domain} could not be looked up ({error}): the CA may give up at that" "查询 {domain} 的 IP 地址失败（{error}）：CA 可能因此放弃";
    let_addresses_be_answered() "the name servers must answer for A and for AAAA, and be it that there is none" "DNS 服务器必须响应 A 和 AAAA 查询，哪怕没有记录";
    add_a_record() "add an A record that points at the web server" "请添加指向 Web 服务器的 A 记录";
    refused_over_ipv6(domain, address) "the AAAA record of {domain} points at {address}, which refuses http" "{domain} 的 AAAA 记录指向 {address}，而它拒绝 http 连接";
    listen_or_remove() "let the web server listen there, or take the AAAA record away" "让 Web 服务器监听该地址，或删除 AAAA 记录";
    private_address(domain, address) "{domain} points at {address}, which the CA can't reach from outside" "{domain} 指向 {address}，CA 无法从外部访问";
    use_public_address() "use a public address, or prove control by DNS" "请使用公网地址，或改用 DNS 验证";
}
