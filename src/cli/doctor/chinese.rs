//! What `doctor` says, in Chinese. A sentence is found by its English, with `{}` for what differs from case to case;
//! the Chinese says by number where that goes. What comes from elsewhere (the service's words, a path) stays as it is.
//!
//! A test reads the sources of `doctor`, so that no sentence is added there without its Chinese.

/// The sentence in Chinese; itself, where there is none.
pub(super) fn of(english: &str) -> String {
    let found = SENTENCES
        .iter()
        .find_map(|(pattern, chinese)| Some(fill(chinese, &parts(english, pattern)?)));
    found.unwrap_or_else(|| english.to_owned())
}

/// What stands at the places of a pattern, if the text has its form.
fn parts<'t>(text: &'t str, pattern: &str) -> Option<Vec<&'t str>> {
    let mut fixed = pattern.split("{}");
    let mut rest = text.strip_prefix(fixed.next()?)?;
    let mut found = Vec::new();
    let mut fixed = fixed.peekable();
    while let Some(next) = fixed.next() {
        // The last piece is the text's end, wherever else it may stand.
        let at = if fixed.peek().is_none() {
            rest.strip_suffix(next)?.len()
        } else {
            rest.find(next)?
        };
        let (part, after) = rest.split_at(at);
        found.push(part);
        rest = after.strip_prefix(next)?;
    }
    rest.is_empty().then_some(found)
}

fn fill(chinese: &str, parts: &[&str]) -> String {
    let mut text = chinese.to_owned();
    for (number, part) in parts.iter().enumerate() {
        text = text.replace(&format!("{{{number}}}"), part);
    }
    text
}

/// Those that begin with the same words stand with the longer first.
#[rustfmt::skip]
const SENTENCES: &[(&str, &str)] = &[
    // This machine.
    ("{} can't be read by the service's user", "服务所用的用户无法读取 {0}"),
    ("chown it to that user, or let its group read it", "用 chown 把它交给该用户，或允许该用户所在的组读取"),
    ("{} can be written by others than its owner", "属主以外的用户可以写入 {0}"),
    ("the targets of {} are outside the state folder, or have commands: under systemd the service needs the drop-in targets.conf (copy it to {})", "{0} 的部署目标在状态目录之外，或带有命令：在 systemd 下，服务需要 drop-in targets.conf（请复制到 {1}）"),
    ("install the drop-in, or use a path unit; docs/delivery.md", "安装该 drop-in，或改用 path 单元，见 docs/zh-CN/delivery.md"),
    ("nothing answers at {}, where [http] has the status page", "{0} 无响应，而 [http] 的状态页应在此处"),
    ("look for http.failed in the log; another program may have the port", "请在日志中查找 http.failed；该端口可能被其他程序占用"),
    ("{} of [http] can't be listened on: {}", "[http] 的 {0} 无法监听：{1}"),
    ("give another address; renewals go on without the status page", "请换一个地址；没有状态页不影响续期"),
    ("there is no database yet", "还没有数据库"),
    ("start the service; it makes one", "启动服务即会创建"),
    ("the database is damaged: {}", "数据库已损坏：{0}"),
    ("stop the service and restore a backup (docs/operations.md)", "停止服务，恢复备份（docs/zh-CN/operations.md）"),
    ("no daemon runs on this state folder", "没有守护进程在使用这个状态目录"),
    ("systemctl enable --now evercert; or run `evercert renew` daily by other means", "执行 systemctl enable --now evercert；或用其他方式每天执行 `evercert renew`"),
    ("{} has {} MiB left", "{0} 只剩 {1} MiB"),
    ("free some space: the record can't be written without", "请腾出空间：否则无法写入记录"),
    ("free some space before it runs out", "请在用完之前腾出空间"),
    // Files, folders, programs.
    ("{} is missing, or can't be read", "{0} 不存在，或无法读取"),
    ("the folder {} is missing", "目录 {0} 不存在"),
    ("mkdir -p {}, or create_folders = true", "mkdir -p {0}，或设置 create_folders = true"),
    ("{} is missing", "{0} 不存在"),
    ("write it, for its owner alone (chmod 600)", "请写好这个文件，并只允许属主读取（chmod 600）"),
    ("chown it to user {}", "用 chown 把它交给用户 {0}"),
    ("{} is open to others than its owner", "属主以外的用户也能访问 {0}"),
    ("{} is not a folder", "{0} 不是目录"),
    ("name another place", "请换一个位置"),
    ("the service's user (uid {}) can't write into {}: {}", "服务所用的用户（uid {0}）无法写入 {1}：{2}"),
    ("give it the right; under systemd, targets outside the state folder need the drop-in targets.conf", "请授予写权限；在 systemd 下，状态目录之外的目标需要 drop-in targets.conf"),
    ("there is no program {}", "没有程序 {0}"),
    ("install it, or correct the path; commands are looked for in the usual folders only", "请安装它，或改正路径；只在常用目录中查找命令"),
    ("{} can't be run by the service's user", "服务所用的用户无法执行 {0}"),
    ("{} can be changed by others than root and the service, and a target lies below it", "root 和服务以外的用户可以修改 {0}，而部署目标位于其下"),
    ("{} can be changed by others than root and the service", "root 和服务以外的用户可以修改 {0}"),
    // Accounts.
    ("orders for {} are held back until {}: {}", "{0} 的申请暂缓到 {1}：{2}"),
    ("orders are held back until {}: {}", "申请暂缓到 {0}：{1}"),
    ("all calls are held back until {}: {}", "所有调用暂缓到 {0}：{1}"),
    ("`evercert explain {}`; then reload, or `evercert renew`", "用 `evercert explain {0}` 查看原因，处理后重新加载，或执行 `evercert renew`"),
    ("mend that; then reload, or `evercert renew`", "处理后重新加载，或执行 `evercert renew`"),
    ("{} will need {} of {} free certificates on {}", "{0} 的免费证书额度不够：{3} 将占用 {1} 张，上限 {2} 张"),
    ("`evercert account` shows who holds them; delete what is not needed, or use another account", "用 `evercert account` 查看被谁占用；删除不需要的证书，或使用另一个账号"),
    ("reload the service, so that it knows this config", "请重新加载服务，让它读入当前的配置"),
    ("docs: the README lists where credentials are looked for, in their order", "README 按顺序列出了查找密钥的位置"),
    ("this machine's clock is {} seconds behind the service's; it refuses such signatures", "本机时钟比腾讯云慢 {0} 秒，签名会被拒绝"),
    ("this machine's clock is {} seconds ahead of the service's; it refuses such signatures", "本机时钟比腾讯云快 {0} 秒，签名会被拒绝"),
    ("this machine's clock is {} seconds behind the service's", "本机时钟比腾讯云慢 {0} 秒"),
    ("this machine's clock is {} seconds ahead of the service's", "本机时钟比腾讯云快 {0} 秒"),
    ("set up time synchronisation: chrony or systemd-timesyncd", "请设置时间同步：chrony 或 systemd-timesyncd"),
    ("{} is refused: {}", "{0} 被拒绝：{1}"),
    ("whether its check works is not proven: it takes longer than doctor waits, or a delivery runs it", "check 能否成功未经证实：它运行的时间超过 doctor 的等待时间，或者部署正在运行它"),
    ("run doctor again in a moment, or the check by hand as the service's user", "请稍后再次运行 doctor，或以服务的用户手动运行该 check"),
    ("fetching issued certificates is refused", "下载已签发的证书被拒绝"),
    ("`evercert explain {}`; the right is {} in a CAM policy", "用 `evercert explain {0}` 查看原因；需要在 CAM 策略中授予 {1}"),
    ("check the network, the proxy, and the account's endpoint", "请检查网络、代理和账号的 endpoint"),
    ("whether it may {} is not proven: calls that act are never tried", "能否调用 {0} 未经证实：doctor 从不试探会产生实际效果的调用"),
    ("a CAM policy that gives it: {}", "授予这些权限的 CAM 策略：{0}"),
    // Certificates.
    ("account \"{}\" has no DNSPod zone for it", "账号 \"{0}\" 的 DNSPod 中没有对应的域名"),
    ("name the account that has the zone, or another way of validation", "请填写拥有该域名解析的账号，或改用其他验证方式"),
    ("it waits for you: {}", "正在等待您处理：{0}"),
    ("its last attempt failed: {}", "上一次尝试失败：{0}"),
    ("`evercert explain {}`; it is tried again by itself", "用 `evercert explain {0}` 查看原因；会自动重试"),
    ("it is tried again by itself; `evercert why` says when", "会自动重试；`evercert why` 显示时间"),
    ("it is paused, so nothing is done for it", "已暂停，不会为它做任何事"),
    ("the service's user may not listen on {}", "服务所用的用户无权监听 {0}"),
    ("take a port above 1023, and let the web server pass the path on to it", "请使用 1023 以上的端口，由 Web 服务器把该路径转发过来"),
    ("correct acme_sh and script, or install acme.sh", "请改正 acme_sh 和 script，或安装 acme.sh"),
    ("{} is to belong to someone else, which only root may do", "{0} 要交给其他用户，只有 root 能这样做"),
    ("let the service run with the drop-in targets.conf, or leave out owner and group", "让服务使用 drop-in targets.conf 运行，或去掉 owner 和 group"),
    ("{} will lose its owner (uid {}), since only root gives files away", "{0} 将失去原来的属主（uid {1}），因为只有 root 能把文件交给别人"),
    ("{} will lose its group (gid {}), which the service is not in", "{0} 将失去原来的组（gid {1}），服务所用的用户不在该组中"),
    ("{} will lose the rights that everybody has on it (mode {}), since it holds a private key", "{0} 将失去所有人对它的权限（模式 {1}），因为其中有私钥"),
    ("say in the entry what it is to have: owner, group, mode", "请在该条目中写明 owner、group、mode"),
    ("DNS could not be asked about it: {}", "无法查询它的 DNS：{0}"),
    ("look at /etc/resolv.conf; orders are made all the same", "请检查 /etc/resolv.conf；申请照常进行"),
    ("{} answers on port 443, and is not in the config", "{0} 在 443 端口有应答，却不在配置中"),
    ("a free certificate covers one exact name: add [[certificates]] with domain = \"{}\", if it serves visitors", "一张免费证书只对应一个完整域名：如果它对外服务，请添加 [[certificates]]，domain = \"{0}\""),
    // Checks of targets.
    ("whether its check works is not proven: no daemon runs, and the service's sandbox can't be seen from here", "它的 check 能否通过未经证实：没有守护进程在运行，从这里看不到服务的沙箱"),
    ("start the service and run doctor again: the daemon then runs the check where it will be run", "请启动服务后再运行 doctor：守护进程会在实际执行的环境里运行 check"),
    ("its check fails where the service runs it: {}", "它的 check 在服务的运行环境中失败：{0}"),
    ("mend what it says; what is read-only there only: ReadWritePaths in targets.conf (docs/delivery.md)", "请按提示处理；如果只是在那里为只读：请修改 targets.conf 的 ReadWritePaths（docs/zh-CN/delivery.md）"),
    ("its check fails before the first delivery: {}", "在首次部署之前，它的 check 失败：{0}"),
    ("it may miss the files that are not there yet; run doctor again after the first delivery", "可能是文件尚未部署；首次部署之后请再运行一次 doctor"),
    // The way to validation.
    ("the way of the validation file is a dead end: {}", "验证文件的访问路径走不通：{0}"),
    ("leave /.well-known/pki-validation/ out of that redirect, or let its target answer", "请让该重定向跳过 /.well-known/pki-validation/，或让其目标可以访问"),
    ("the CAA records of {} allow only {}", "{0} 的 CAA 记录只允许 {1}"),
    ("add CAA records that allow it too: 0 issue \"trustasia.com\", and the same for digicert.com and sectigo.com", "请添加允许它的 CAA 记录：0 issue \"trustasia.com\"，digicert.com 和 sectigo.com 同理"),
    ("no name servers of {} could be found from here", "在本机查不到 {0} 的权威 DNS 服务器"),
    ("if other names resolve on this machine, its delegation is missing: set the name servers at the registrar", "如果本机能解析其他域名，说明它没有委派：请在注册商处设置 DNS 服务器"),
    ("{} is named as a name server of {}, and does not answer for it", "{0} 被设为 {1} 的 DNS 服务器，却不应答它的查询"),
    ("correct the name servers at the registrar, or the zone on that server", "请改正注册商处的 DNS 服务器，或该服务器上的解析"),
    ("no address of {} could be found from here", "在本机查不到 {0} 的 IP 地址"),
    ("add an A record that points at the web server", "请添加指向 Web 服务器的 A 记录"),
    ("the AAAA record of {} points at {}, which refuses http", "{0} 的 AAAA 记录指向 {1}，而它拒绝 http 连接"),
    ("let the web server listen there, or take the AAAA record away", "让 Web 服务器监听该地址，或删除 AAAA 记录"),
    ("{} points at {}, which the CA can't reach from outside", "{0} 指向 {1}，CA 无法从外部访问"),
    ("use a public address, or prove control by DNS", "请使用公网地址，或改用 DNS 验证"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_finds_its_place() {
        let said = of("account \"dns\" has no DNSPod zone for it");
        assert_eq!(said, "账号 \"dns\" 的 DNSPod 中没有对应的域名");
        let said = of("ssl:DescribeCertificates is refused: UnauthorizedOperation: no: really");
        assert_eq!(
            said,
            "ssl:DescribeCertificates 被拒绝：UnauthorizedOperation: no: really"
        );
        let said = of("the account will need 51 of 50 free certificates on 2027-01-01");
        assert!(
            said.contains("2027-01-01 将占用 51 张，上限 50 张"),
            "{said}"
        );
        assert_eq!(of("the folder /srv is missing"), "目录 /srv 不存在");
        assert_eq!(of("chmod 600 /etc/x"), "chmod 600 /etc/x");
    }

    /// The sentences of a source: texts in quotes with words in them, `{}` for whatever is put in.
    fn sentences(source: &str) -> Vec<String> {
        let code = source.split("#[cfg(test)]").next().unwrap_or(source);
        let lines = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"));
        let code: Vec<&str> = lines.collect();
        let code = code.join("\n").replace("\\\"", "\u{1}");
        let texts = code.split('"').skip(1).step_by(2);
        texts
            .map(|text| {
                // A backslash at the end of a line swallows what is in front of the next one.
                let mut lines = text.split("\\\n");
                let first = lines.next().unwrap_or_default().to_owned();
                lines.fold(first, |whole, line| whole + line.trim_start())
            })
            .filter(|text| text.contains(' ') && text.chars().any(char::is_lowercase))
            .map(|text| {
                let mut plain = String::new();
                let mut inside = false;
                for character in text.replace("{{", "\u{2}").replace("}}", "\u{2}").chars() {
                    match character {
                        '{' => plain.push('{'),
                        '}' => plain.push('}'),
                        '\u{1}' => plain.push('"'),
                        other if !inside => plain.push(other),
                        _ => {}
                    }
                    inside = character == '{' || inside && character != '}';
                }
                plain
            })
            .collect()
    }

    /// Whole sentences are made of these, or they are commands.
    const PIECES: [&str; 9] = [
        "{} until {}: {}",
        "orders for {} are held back",
        "orders are held back",
        "all calls are held back",
        "this machine's clock is {} seconds {} the service's",
        "{}; it refuses such signatures",
        "no answer",
        "ahead of",
        "`evercert resume {}`",
    ];

    #[test]
    fn doctor_says_nothing_that_has_no_chinese() {
        let sources = [
            include_str!("accounts.rs"),
            include_str!("certificates.rs"),
            include_str!("checks.rs"),
            include_str!("files.rs"),
            include_str!("machine.rs"),
            include_str!("../../validation/diagnose.rs"),
        ];
        let mut seen = 0;
        for sentence in sources.iter().flat_map(|source| sentences(source)) {
            seen += 1;
            let command = ["chmod ", "chown root"]
                .iter()
                .any(|start| sentence.starts_with(start));
            let policy = sentence.starts_with("a CAM policy that gives it");
            let known = SENTENCES.iter().any(|(english, _)| *english == sentence);
            assert!(
                known || command || policy || PIECES.contains(&sentence.as_str()),
                "without Chinese: {sentence:?}"
            );
        }
        assert!(seen > 50, "only {seen} sentences were found");
    }

    #[test]
    fn each_place_of_the_english_has_one_in_the_chinese() {
        for (english, chinese) in SENTENCES {
            for number in 0..english.matches("{}").count() {
                let place = format!("{{{number}}}");
                assert!(chinese.contains(&place), "{place} is missing in {chinese}");
            }
        }
    }
}
