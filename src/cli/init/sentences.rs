//! What `init` says, in every language: on the terminal, and as comments of the config that it writes.

use crate::sentence::sentences;

sentences! {
    // Comments of the file.
    written_by() "Written by `evercert init`. Every key is in docs/config.md; `evercert check` finds mistakes; an edit acts by itself." "由 `evercert init` 生成。全部配置项见 docs/zh-CN/config.md；`evercert check` 检查错误；保存后自动生效。";
    files_are_in(live) "One entry a name. The files of each will be in {live}/NAME/." "每个域名一个条目，证书文件在 {live}/NAME/ 下。";
    served_at(place) "nginx: {place}" "nginx 配置：{place}";
    without_tls_at(place) "nginx serves it without TLS yet: {place}" "nginx 目前没有用 TLS 提供它：{place}";
    once_with_tls() "once nginx serves it with TLS" "nginx 用 TLS 提供它之后再启用";
    behind_proxy() "no client can look at what is served there: connections begin with the PROXY protocol" "该端口使用 PROXY 协议，无法直接连接核实";
    adopted(id, until) "adopted, not ordered: {id}, until {until}" "直接接管，不重新申请：{id}，有效期至 {until}";
    ordered_by_evercert() "an installation of Evercert ordered it; if that is still at work elsewhere, leave this name to it" "由另一个 Evercert 申请；如果它仍在别处运行，请不要在这里管理此域名";
    one_of_several(count) "the longest-lived of {count} in the account" "账号中共有 {count} 张，取有效期最长的一张";
    proved_by(method) "it was proved by {method}; as it stands here, the zone must be in this account (docs/validation.md)" "上次的验证方式是 {method}；按此配置，域名解析必须在同一账号下（docs/zh-CN/validation.md）";
    left_out() "Left out:" "未列入：";
    and_others(count) "and {count} others" "以及另外 {count} 个";
    wildcard() "a wildcard; a free certificate covers one exact name, so list those that you need" "泛域名；免费证书只对应一个完整域名，请逐个列出";
    every_name_below() "and every name below it: list those that you need" "以及它的所有子域名：请逐个列出";
    pattern() "a pattern; list the names that you need" "正则表达式；请逐个列出域名";
    host_name() "the machine's own name; list it if it is a public one" "本机主机名；如果是公网域名，请自行列出";
    paid(package) "no free certificate, but of package {package}; only free ones are looked after" "不是免费证书（PackageType {package}）；这里只管理免费证书";
    no_package() "the service does not say that it is a free one" "腾讯云没有标明它是免费证书";
    uploaded() "uploaded, not applied for at the service" "是上传的证书，不是在腾讯云申请的";
    ended() "ended or revoked; to have a new one, name it: `evercert init NAME`" "已过期或已吊销；如需新证书，请写明域名：`evercert init NAME`";
    several_names(names) "covers several names: {names}" "包含多个域名：{names}";
    under_way() "an order is under way; an entry for it waits for that one first" "有订单正在处理；添加条目后会先等待该订单";
    no_download() "the service does not let it be downloaded" "腾讯云不允许下载";
    // What could not be read.
    unreadable(path, error) "{path} can't be read: {error}; its sites are not in here" "无法读取 {path}：{error}；其中的站点没有列入";
    not_understood(place, what) "{place}: {what}; the sites of this file are not in here" "{place}：{what}；该文件中的站点没有列入";
    include_too_deep(place, written) "{place}: include {written} leads too deep, and was not followed" "{place}：include {written} 嵌套过深，没有继续读取";
    include_leads_nowhere(place, written) "{place}: include {written} leads to no file" "{place}：include {written} 没有对应的文件";
    other_protocol(place, kind) "{place}: a server of {kind} with TLS says no name; give it an entry of its own, with `verify`" "{place}：{kind} 中的 TLS 服务没有写明域名；请自行添加条目并设置 `verify`";
    unreadable_entries(count) "{count} entries of the account's list can't be read, and were passed over" "账号列表中有 {count} 项无法解析，已跳过";
    // How many there are.
    more_than_an_account_has(count, limit) "{count} names, and an account has {limit} free certificates unless it was given more (free_limit): the others wait" "共 {count} 个域名，而一个账号默认只有 {limit} 张免费证书（free_limit）：其余的需要等待";
    more_than_a_domain_has(domain, count, limit) "{count} names of {domain}, which may have {limit} free certificates (domain_limit): the others wait" "{domain} 下共 {count} 个域名，而它最多有 {limit} 张免费证书（domain_limit）：其余的需要等待";
    named_twice(name) "{name} is named more than once; it is one entry" "{name} 写了多次，只列一个条目";
    // What is there already.
    is_there(path) "{path} is there already, and nothing of it is changed" "{path} 已存在，不做任何修改";
    has_all(path) "{path} has all of these names" "{path} 已包含这些域名";
    lacks_some(count) "it lacks {count} of these names; this would add them:" "其中缺少 {count} 个域名；以下内容可以补上：";
    add_by(command) "to write that: {command}" "写入命令：{command}";
    // The key.
    where_keys_come_from() "No key of Tencent Cloud was found. It is made in the console under CAM, for a sub-user with the policy of docs/security.md." "没有找到腾讯云密钥。请在控制台“访问管理”中为子用户创建，策略见 docs/zh-CN/security.md。";
    ask_id() "SecretId (empty: later): " "SecretId（留空则以后再配置）：";
    ask_key() "SecretKey (not shown): " "SecretKey（输入时不显示）：";
    key_from(source) "the key of the account: {source}" "账号密钥来自：{source}";
    key_will_be_kept(source) "the key was found: {source}. The service does not look there, so it is put where it does" "密钥来自：{source}。服务读不到那里，因此会另存到服务能读取的位置";
    temporary_key(source) "the key was found: {source}. It is a temporary one, and the service does not look there: give the service one of its own" "密钥来自：{source}。这是临时密钥，服务也读不到那里：请为服务另配密钥";
    no_key() "no key of Tencent Cloud was found; the service needs one (docs/quick-start.md), and `evercert init` on a terminal asks for it" "没有找到腾讯云密钥；服务需要密钥（docs/zh-CN/quick-start.md），在终端运行 `evercert init` 会询问";
    // What is written.
    would_write() "These files:" "以下文件：";
    the_config() "the config, as shown" "配置，内容如上";
    the_secret_id() "the SecretId" "即 SecretId";
    the_secret_key() "the SecretKey" "即 SecretKey";
    the_drop_in() "hands both to the service" "把两者交给服务";
    write_it() "Write them? [y/N] " "写入以上文件？[y/N] ";
    only_shown() "nothing is written: --dry-run" "没有写入任何文件：--dry-run";
    not_asked() "nothing is written: this is no terminal, so nobody can be asked; `--yes` writes it, `--dry-run` only shows it" "没有写入任何文件：不在终端中，无法询问；`--yes` 直接写入，`--dry-run` 只显示";
    declined() "nothing is written" "没有写入任何文件";
    written(path) "written: {path}" "已写入：{path}";
    // What comes next.
    next() "Next:" "接下来：";
    in_nginx() "Then, in nginx, which reads the files as root, once they are there (`evercert status` says installed):" "然后，证书到位之后（`evercert status` 显示已安装），在 nginx 中（它以 root 身份读取证书）：";
    in_this_block() "in this server block, in place of what it has:" "在该 server 块中，替换现有的两行：";
    with_tls_too() "without TLS so far; in this server block, or a new one:" "目前没有 TLS；在该 server 块或新的 server 块中：";
    needs_a_block_each(count) "serves {count} names, and a free certificate covers one: a server block for each, else as this one is:" "有 {count} 个域名，而一张免费证书只对应一个域名：请为每个域名单独写一个 server 块，其余内容不变：";
    needs_a_block_each_with_tls(count) "{count} names without TLS so far; a free certificate covers one, so a server block for each, else as this one is:" "{count} 个域名目前没有 TLS；一张免费证书只对应一个域名，请为每个域名单独写一个 server 块，其余内容不变：";
    in_place() "nothing to change there:" "无需修改：";
    and_blocks(count) "and {count} server blocks more, alike" "另外 {count} 个 server 块同理";
    then_reload() "then:" "然后：";
    reload_by_itself() "and after each renewal nginx reloads by itself:" "以后每次续期，nginx 会自动重新加载：";
    reload_by_hand() "After each renewal nginx has to reload: docs/delivery.md has the ways." "每次续期之后 nginx 需要重新加载，方法见 docs/zh-CN/delivery.md。";
}
