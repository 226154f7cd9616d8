//! What verbs refuse, and why: made by the command line.

use super::Entry;

#[rustfmt::skip]
pub(super) const ENTRIES: &[Entry] = &[
    // The record and the config.
    ("{name} is not in the config; did you mean {meant}?", "配置中没有 {name}；是否想写 {meant}？"),
    ("{name} is not in the config", "配置中没有 {name}"),
    ("{path}, or a file that it names, can't be read: the file system does not answer; look at the mounts that they lie on", "无法读取 {path} 或它引用的文件：文件系统没有响应；请检查它们所在的挂载点"),
    ("{path} belongs to {owner}; run this as root or as {name}", "{path} 属于用户 {owner}；请以 root 或 {name} 运行"),
    ("{path} belongs to {owner}, and the process can't become that user: {error}", "{path} 属于用户 {owner}，而进程无法切换到该用户：{error}"),
    ("no verb \"{verb}\"; `evercert help` lists them", "没有 \"{verb}\" 这个命令；`evercert help` 列出所有命令"),
    ("the runtime can't start: {error}", "运行环境无法启动：{error}"),
    ("interrupted", "已中断"),
    ("write whole days from {least} to {most}, such as 47d: CAs issue nothing that lives shorter, and may issue nothing that lives longer", "请写 {least} 到 {most} 的整天数，例如 47d：CA 不签发有效期更短的证书，也不允许更长"),
    ("it is txt or cname", "应为 txt 或 cname"),
    ("write it as ID:KEY", "请写成 ID:KEY"),
    ("write whole numbers with their units: 30s, 10m, 6h, 62d", "请写整数加单位：30s、10m、6h、62d"),
    // Requests.
    ("the daemon has ended; the request stays, and is done after its next start", "守护进程已结束；请求保留，下次启动后执行"),
    ("the daemon has not taken the request for two minutes; look at its log", "守护进程两分钟内没有接受请求；请查看日志"),
    ("the daemon has not answered for two minutes; look at its log", "守护进程两分钟内没有响应；请查看日志"),
    ("{domain} is paused; `evercert resume {again}` first", "{domain} 已暂停；请先执行 `evercert resume {again}`"),
    // The first config.
    ("nginx is not installed where it is looked for; name a folder of its configuration, or a file with what `nginx -T` prints: --from-nginx=PATH", "在常用位置没有找到 nginx；请指定它的配置目录，或保存 `nginx -T` 输出的文件：--from-nginx=PATH"),
    ("{error}; `nginx -T` has to work: run this as root, or name a folder of its configuration: --from-nginx=/etc/nginx", "{error}；`nginx -T` 必须能够执行：请以 root 运行，或指定它的配置目录：--from-nginx=/etc/nginx"),
    ("{path} can't be read: {error}; check the path and its rights", "无法读取 {path}：{error}；请检查路径和权限"),
    ("{path} has no configuration of nginx's in it; name its nginx.conf, or its folder of sites", "{path} 中没有 nginx 配置；请指定 nginx.conf 或站点目录"),
    ("the configuration has more than {count} files or {size} MiB; name the folder of the sites alone", "配置超过 {count} 个文件或 {size} MiB；请只指定站点目录"),
    ("too many blocks within blocks", "块嵌套过深"),
    ("a } that closes nothing", "多余的 }"),
    ("the file ends within a block", "文件结束时块没有闭合"),
    ("a directive without a name", "指令没有名称"),
    ("a } where a ; should be", "此处应为 ; 而不是 }"),
    ("the file ends within a directive", "文件结束时指令没有结束"),
    ("the file ends within a word", "文件在单词中间结束"),
    ("a quote that is never closed", "引号没有闭合"),
    ("something stands right behind a quote", "引号后面紧跟着其他内容"),
    ("a block of Lua that is never closed", "Lua 块没有闭合"),
    ("say for which names: evercert init NAME…, --from-nginx, --from-account, or several of these", "请指定域名：evercert init NAME…、--from-nginx、--from-account，或同时使用多个"),
    ("{path} is not there, and conf.d only adds to it: write that one first, without --output", "{path} 不存在，而 conf.d 只是对它的补充：请先不带 --output 生成它"),
    ("{path} is there already and says where the record and the API are: leave out --state-dir and --endpoint", "{path} 已存在，其中已指定状态目录和接口地址：请去掉 --state-dir 和 --endpoint"),
    ("the config has no account default", "配置中没有账号 default"),
    ("the account can't be listed: {error}", "无法查询账号的证书列表：{error}"),
    ("no name was found that a free certificate can be had for; name one: evercert init NAME", "没有找到可以申请免费证书的域名；请指定：evercert init NAME"),
    ("{path} is there already, and nothing is written; move it away, or name another file: --output FILE", "{path} 已存在，没有写入；请移走，或指定另一个文件：--output FILE"),
    ("nothing can be written into {path}: {error}; run this as root, make the folder, or name another file: --output FILE", "无法写入 {path}：{error}；请以 root 运行、创建目录，或指定另一个文件：--output FILE"),
    ("{path} can't be written: {error}", "无法写入 {path}：{error}"),
    ("no answer came; nothing is written", "没有收到回答；没有写入任何文件"),
    ("what was typed is not text; nothing is written", "输入的不是文本；没有写入任何文件"),
    ("the terminal can't be asked: {error}; nothing is written", "无法在终端询问：{error}；没有写入任何文件"),
];
