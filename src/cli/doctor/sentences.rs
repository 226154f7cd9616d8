//! What `doctor` says. Each finding is followed by what to do about it.

use crate::sentence::sentences;

sentences! {
    // This machine.
    not_readable(path) "{path} can't be read by the service's user" "服务所用的用户无法读取 {path}";
    let_it_read() "chown it to that user, or let its group read it" "用 chown 把它交给该用户，或允许该用户所在的组读取";
    writable_by_others(folder) "{folder} can be written by others than its owner" "属主以外的用户可以写入 {folder}";
    install_drop_in() "install the drop-in, or use a path unit; docs/delivery.md" "安装该 drop-in，或改用 path 单元，见 docs/zh-CN/delivery.md";
    page_is_silent(address) "nothing answers at {address}, where [http] has the status page" "{address} 无响应，而 [http] 的状态页应在此处";
    look_for_http_failed() "look for http.failed in the log; another program may have the port" "请在日志中查找 http.failed；该端口可能被其他程序占用";
    page_has_no_port(address, error) "{address} of [http] can't be listened on: {error}" "[http] 的 {address} 无法监听：{error}";
    give_another_address() "give another address; renewals go on without the status page" "请换一个地址；没有状态页不影响续期";
    no_database() "there is no database yet" "还没有数据库";
    start_the_service() "start the service; it makes one" "启动服务即会创建";
    database_is_damaged(verdict) "the database is damaged: {verdict}" "数据库已损坏：{verdict}";
    restore_a_backup() "stop the service and restore a backup (docs/operations.md)" "停止服务，恢复备份（docs/zh-CN/operations.md）";
    no_daemon() "no daemon runs on this state folder" "没有守护进程在使用这个状态目录";
    enable_the_service() "systemctl enable --now evercert; or run `evercert renew` daily by other means" "执行 systemctl enable --now evercert；或用其他方式每天执行 `evercert renew`";
    space_left(folder, mebibytes) "{folder} has {mebibytes} MiB left" "{folder} 只剩 {mebibytes} MiB";
    free_space_now() "free some space: the record can't be written without" "请腾出空间：否则无法写入记录";
    free_space_soon() "free some space before it runs out" "请在用完之前腾出空间";
    // Files, folders, programs.
    script_missing(file) "{file} is missing, or can't be read" "{file} 不存在，或无法读取";
    correct_acme_sh() "correct acme_sh and script, or install acme.sh" "请改正 acme_sh 和 script，或安装 acme.sh";
    folder_missing(folder) "the folder {folder} is missing" "目录 {folder} 不存在";
    make_folder(folder) "mkdir -p {folder}, or create_folders = true" "mkdir -p {folder}，或设置 create_folders = true";
    file_missing(file) "{file} is missing" "{file} 不存在";
    write_for_its_owner() "write it, for its owner alone (chmod 600)" "请写好这个文件，并只允许属主读取（chmod 600）";
    chown_to(user) "chown it to user {user}" "用 chown 把它交给用户 {user}";
    open_to_others(file) "{file} is open to others than its owner" "属主以外的用户也能访问 {file}";
    no_folder(path) "{path} is not a folder" "{path} 不是目录";
    name_another_place() "name another place" "请换一个位置";
    not_writable(user, folder, error) "the service's user (uid {user}) can't write into {folder}: {error}" "服务所用的用户（uid {user}）无法写入 {folder}：{error}";
    let_it_write() "give it the right; under systemd, targets outside the state folder need the drop-in targets.conf" "请授予写权限；在 systemd 下，状态目录之外的目标需要 drop-in targets.conf";
    program_missing(program) "there is no program {program}" "没有程序 {program}";
    install_program() "install it, or correct the path; commands are looked for in the usual folders only" "请安装它，或改正路径；只在常用目录中查找命令";
    not_executable(program) "{program} can't be run by the service's user" "服务所用的用户无法执行 {program}";
    folder_changeable(folder) "{folder} can be changed by others than root and the service, and a target lies below it" "root 和服务以外的用户可以修改 {folder}，而部署目标位于其下";
    program_changeable(program) "{program} can be changed by others than root and the service" "root 和服务以外的用户可以修改 {program}";
    // Accounts.
    all_calls_held(until, reason) "all calls wait until {until}: {reason}" "所有调用暂缓到 {until}：{reason}";
    orders_held(until, reason) "orders wait until {until}: {reason}" "申请暂缓到 {until}：{reason}";
    orders_held_below(domain, until, reason) "orders for {domain} wait until {until}: {reason}" "{domain} 的申请暂缓到 {until}：{reason}";
    fetching_held(until, reason) "downloads of issued certificates wait until {until}: {reason}" "已签发证书的下载暂缓到 {until}：{reason}";
    explain_then_reload(code) "`evercert explain {code}`; then reload, or `evercert renew`" "用 `evercert explain {code}` 查看原因，处理后重新加载，或执行 `evercert renew`";
    mend_then_reload() "mend that; then reload, or `evercert renew`" "处理后重新加载，或执行 `evercert renew`";
    account_will_be_short(needed, limit, at) "it will need {needed} of {limit} free certificates on {at}" "该账号的免费证书额度不够：{at} 将占用 {needed} 张，上限 {limit} 张";
    domain_will_be_short(domain, needed, limit, at) "{domain} will need {needed} of {limit} free certificates on {at}" "{domain} 的免费证书额度不够：{at} 将占用 {needed} 张，上限 {limit} 张";
    free_certificates() "`evercert account` shows who holds them; delete what is not needed, or use another account" "用 `evercert account` 查看被谁占用；删除不需要的证书，或使用另一个账号";
    reload_the_service() "reload the service, so that it knows this config" "请重新加载服务，让它读入当前的配置";
    see_credential_sources() "docs: the README lists where credentials are looked for, in their order" "README 按顺序列出了查找密钥的位置";
    clock_behind(seconds) "this machine's clock is {seconds} seconds behind the service's" "本机时钟比腾讯云慢 {seconds} 秒";
    clock_ahead(seconds) "this machine's clock is {seconds} seconds ahead of the service's" "本机时钟比腾讯云快 {seconds} 秒";
    clock_too_far_behind(seconds) "this machine's clock is {seconds} seconds behind the service's; it refuses such signatures" "本机时钟比腾讯云慢 {seconds} 秒，签名会被拒绝";
    clock_too_far_ahead(seconds) "this machine's clock is {seconds} seconds ahead of the service's; it refuses such signatures" "本机时钟比腾讯云快 {seconds} 秒，签名会被拒绝";
    synchronise_time() "set up time synchronisation: chrony or systemd-timesyncd" "请设置时间同步：chrony 或 systemd-timesyncd";
    action_refused(action, error) "{action} is refused: {error}" "{action} 被拒绝：{error}";
    explain_right(code, action) "`evercert explain {code}`; the right is {action} in a CAM policy" "用 `evercert explain {code}` 查看原因；需要在 CAM 策略中授予 {action}";
    do_or_explain(remedy, code) "{remedy} `evercert explain {code}` says more" "{remedy}`evercert explain {code}` 有更多说明";
    keys_refused(reason) "its keys are refused: {reason}" "密钥被拒绝：{reason}";
    no_answer(actions, reason) "no answer to {actions}: {reason}" "{actions} 没有响应：{reason}";
    check_the_network() "check the network, the proxy, and the account's endpoint" "请检查网络、代理和账号的 endpoint";
    rights_unproven(actions) "whether it may {actions} is not proven: calls that act are never tried" "无法确认能否调用 {actions}：doctor 不会试调用有副作用的接口";
    rights_of_identity_unproven(identity, actions) "it signs as {identity}; whether that may {actions} is not proven: calls that act are never tried" "以 {identity} 的身份签名；无法确认能否调用 {actions}：doctor 不会试调用有副作用的接口";
    more_than_needed(action) "its key may {action}, and so order: that is more than this machine needs, which only fetches what others ordered" "该密钥可以调用 {action}，也就能申请证书：本机只获取别人申请的证书，不需要这样的权限";
    reading_policy() "give it a key with the policy for keys that only read: docs/security.md" "请换用只读密钥，策略见 docs/zh-CN/security.md";
    policy_in_turns(policy) "give every machine that orders in turns the same rights, hooks and DNS keys, and run doctor on each; a CAM policy that gives the rights: {policy}" "轮流申请的每台机器都需要相同的权限、钩子和 DNS 密钥，请在每台机器上运行 doctor；授予这些权限的 CAM 策略：{policy}";
    policy(policy) "a CAM policy that gives it: {policy}" "授予这些权限的 CAM 策略：{policy}";
    // Certificates.
    target_fails(target, times, reason, at) "target {target} fails (attempt {times}): {reason}; next try {at}" "部署目标 {target} 失败（第 {times} 次）：{reason}；下次重试 {at}";
    target_failed(target, times, reason) "target {target} fails (attempt {times}): {reason}" "部署目标 {target} 失败（第 {times} 次）：{reason}";
    mend_and_deploy(domain) "mend that, then `evercert deploy {domain}`" "处理后执行 `evercert deploy {domain}`";
    no_zone(account) "account \"{account}\" has no DNSPod zone for it" "账号 \"{account}\" 的 DNSPod 中没有对应的域名";
    name_the_zone_account() "name the account that has the zone, or another way of validation" "请填写拥有该域名解析的账号，或改用其他验证方式";
    parked(reason) "it waits for you: {reason}" "已停止，待人工处理：{reason}";
    attempt_failed(reason) "its last attempt failed: {reason}" "上一次尝试失败：{reason}";
    explain_and_wait(code) "`evercert explain {code}`; it is tried again by itself" "用 `evercert explain {code}` 查看原因；会自动重试";
    waits_with_others(reason) "it waits with the others of its account: {reason}" "与该账号的其他证书一起等待：{reason}";
    wait() "it is tried again by itself; `evercert why` says when" "会自动重试；`evercert why` 显示时间";
    paused() "it is paused, so nothing is done for it" "已暂停，不会为它做任何事";
    port_forbidden(address) "the service's user may not listen on {address}" "服务所用的用户无权监听 {address}";
    take_a_high_port() "take a port above 1023, and let the web server pass the path on to it" "请使用 1023 以上的端口，由 Web 服务器把该路径转发过来";
    owner_needs_root(target) "{target} is to belong to someone else, which only root may do" "{target} 要交给其他用户，只有 root 能这样做";
    run_with_drop_in() "let the service run with the drop-in targets.conf, or leave out owner and group" "让服务使用 drop-in targets.conf 运行，或去掉 owner 和 group";
    say_rights() "say in the entry what it is to have: owner, group, mode" "请在该条目中写明 owner、group、mode";
    dns_not_asked(error) "DNS could not be asked about it: {error}" "无法查询它的 DNS：{error}";
    machine_resolves_nothing(error) "it resolves nothing: {error}" "无法解析任何域名：{error}";
    let_it_resolve() "look at /etc/resolv.conf and the network: without DNS no call reaches the service" "请检查 /etc/resolv.conf 和网络：没有 DNS 就无法调用接口";
    look_at_resolv_conf() "look at /etc/resolv.conf; orders are made all the same" "请检查 /etc/resolv.conf；申请照常进行";
    www_answers(www) "{www} answers on port 443, and is not in the config" "{www} 的 443 端口可以连接，但不在配置中";
    add_www(www) "a free certificate covers one exact name: add [[certificates]] with domain = \"{www}\", if it serves visitors" "一张免费证书只对应一个完整域名：如果它对外服务，请添加 [[certificates]]，domain = \"{www}\"";
    // Checks of targets.
    check_not_seen() "whether its check works is not proven: no daemon runs, and the service's sandbox can't be seen from here" "无法确认它的 check 能否通过：没有守护进程在运行，从这里看不到服务的沙箱";
    start_and_look_again() "start the service and run doctor again: the daemon then runs the check where it will be run" "请启动服务后再运行 doctor：守护进程会在实际执行的环境里运行 check";
    check_takes_long() "whether its check works is not proven: it takes longer than doctor waits, or a delivery runs it" "无法确认 check 能否成功：它运行的时间超过 doctor 的等待时间，或者部署正在运行它";
    look_again_soon() "run doctor again in a moment, or the check by hand as the service's user" "请稍后再次运行 doctor，或以服务的用户手动运行该 check";
    check_fails(error) "its check fails where the service runs it: {error}" "它的 check 在服务的运行环境中失败：{error}";
    mend_the_check() "mend what it says; what is read-only there only: ReadWritePaths in targets.conf (docs/delivery.md)" "请按提示处理；如果只是在那里为只读：请修改 targets.conf 的 ReadWritePaths（docs/zh-CN/delivery.md）";
    check_fails_before_delivery(error) "its check fails before the first delivery: {error}" "在首次部署之前，它的 check 失败：{error}";
    look_again_after_delivery() "it may miss the files that are not there yet; run doctor again after the first delivery" "可能是文件尚未部署；首次部署之后请再运行一次 doctor";
    // All of it.
    one_examined(fails, advice, unproven) "1 certificate examined: {fails} would make a renewal fail, {advice} advice, {unproven} not proven\n" "检查了 1 张证书：{fails} 项会导致续期失败，{advice} 项建议，{unproven} 项未确认\n";
    examined(certificates, fails, advice, unproven) "{certificates} certificates examined: {fails} would make a renewal fail, {advice} advice, {unproven} not proven\n" "检查了 {certificates} 张证书：{fails} 项会导致续期失败，{advice} 项建议，{unproven} 项未确认\n";
}
