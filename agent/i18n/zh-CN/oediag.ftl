# 错误：一句话、原因、建议。
error-line = 错误：{ $sentence }
error-because =   原因：{ $cause }
error-hint = 建议：{ $hint }
hint-meant = 是否想输入 { $suggestion }？
hint-help = 用 --help 可查看用法。

usage-unknown-argument = 未知选项 { $argument }。
usage-unknown-command = 未知命令 { $command }。
usage-no-command = 缺少命令，请指定要执行的操作。
usage-missing = 缺少 { $argument }。
usage-conflict = { $argument } 和 { $other } 不能同时使用。
usage-no-value = { $argument } 需要指定值。
usage-not-one-of = { $argument } 的值 { $value } 无效，可选值：{ $values }。
usage-value = { $argument } 的值 { $value } 无效：{ $wanted }。
value-size = 大小应为数字加单位 K、M、G 或 T，如 512M
value-span = 时长应为数字加单位 s、m、h、d 或 w，如 2h
value-time = 时间应包含日期、时刻和时区偏移，如 2026-11-23T09:00:00+08:00
value-moment = 应为时长（如 2h）或时间（如 2026-11-23T09:00:00+08:00）
value-around = 应为“时间±时长”，如 2026-11-23T09:00:00+08:00±30m
value-seconds = 应为不小于 1 的秒数，如 60
value-case = 工单号最多 64 个字符，只含字母、数字和 - . _ / #，例如 INC-20391

error-output = 无法写入标准输出。
error-window = 时间窗口的结束时间（{ $until }）早于开始时间（{ $since }）。
error-no-such-member = 诊断包中没有名为 { $member } 的文件或采集项。
error-member-absent = { $member } 不在诊断包中：{ $outcome }（{ $reason }）。
error-bundle-open = 无法打开 { $path }。
error-bundle-read = { $path } 不是 oediag 能读取的诊断包。
error-member-read = 无法从诊断包中完整读取 { $member }。
error-root = 无法将 { $path } 作为主机根目录检查。
error-state = 存放密钥和诊断包的目录不可用。
error-site-sources = 本机自定义的采集项（sources.d）有误，未采集任何内容。
error-epoch = SOURCE_DATE_EPOCH 的值 { $value } 不是自 1970 年起的秒数。
error-plan = 无法按此要求采集。
error-collect = 未生成诊断包。
error-output-name = { $path } 既不是已有目录，也不是以 .tar.gz 结尾的文件名。
error-no-signer = 没有可用于验证签名的公钥。
error-signers = 无法从 { $path } 读取允许的签名者列表。
error-verify = 诊断包与主机签名的内容不符，请勿采信。
error-redact-read = 无法读取 { $path }。
error-redact-write = 无法写入 { $path }。
error-redact-exists = { $path } 已存在，请指定一个尚不存在的目录。
error-redact-context = { $path } 不是 JSON 格式的名称文件。
error-redact-paths = { $path } 的每行应为“名称、制表符、路径”。
error-redactor = 脱敏功能初始化失败。
error-redact = { $path } 脱敏失败，未写出其任何内容。
error-redact-stream = { $path } 未能完整脱敏，此前已写出的内容保留不变。
hint-root-needed = 请以 root 运行，或用 --state DIR 指定其他位置。
hint-busy = 已有采集正在进行，请等待其结束，或用 --state DIR 指定其他位置。
hint-output = 请用 -o 指定其他位置，或清理出空间。
hint-sources = `oediag sources` 可列出全部采集项和主题。
hint-ls = `oediag ls` 可列出全部文件和采集项。
hint-signers = 请用 --allowed-signers FILE 指定主机公钥；主机的公钥保存在其配置目录的 allowed_signers 中。
note-unverified = 注意：此诊断包未经校验（{ $why }）。可用 `oediag verify` 校验。
why-no-key = 本机没有可验证其签名的公钥
note-trouble = 提示：诊断包未能写完：{ $error }
note-recovered = 发现一次中断的采集：{ $path } 已收尾并签名，含 { $items } 项。
note-nothing-recovered = 发现一次中断的采集（{ $name }）：没有可保留的完整内容，残留文件已清除。
note-not-recovered = 发现一次中断的采集：{ $path } 无法收尾：{ $error }
note-not-root = 当前不是 root 用户，仅 root 可读的内容将会缺失。

# 采集结果。
outcome-collected = 已采集
outcome-truncated = 已截断
outcome-skipped = 已跳过
outcome-timed-out = 超时
outcome-failed = 失败

# 缺少或不完整的原因。
reason-not-selected = 未选择
reason-not-present = 主机上不存在
reason-not-installed = 程序未安装
reason-untrusted-program = 程序可被其他用户修改
reason-untrusted-path = 路径可被其他用户修改
reason-not-regular = 不是普通文件
reason-unsafe-filesystem = 所在文件系统访问时可能卡死
reason-other-filesystem = 与所请求的目录不在同一文件系统
reason-never-collected = 按规则不予采集
reason-not-recorded = 该目录中没有对应记录
reason-not-live = 仅适用于运行中的主机
reason-no-permission = 没有权限
reason-needs-root = 需要 root
reason-read-error = 读取出错
reason-spawn-error = 程序无法启动
reason-exit-status = 程序返回错误
reason-signal = 程序被信号终止
reason-time-limit = 超出时限
reason-stuck = 卡死且无法终止
reason-item-limit = 超过单项大小上限
reason-bundle-limit = 达到诊断包大小上限
reason-run-deadline = 达到总运行时长上限
reason-cancelled = 被操作员中止
reason-disk-full = 磁盘已满
reason-write-error = 诊断包写入出错
reason-interrupted = 运行被中断
reason-binary = 无法脱敏的二进制数据
reason-bad-archive = 压缩文件损坏或过大
reason-redaction-failed = 脱敏失败，未收入
reason-too-many = 条目过多
reason-older-file = 早于该采集项所取的最新若干文件
reason-outside-window = 不在时间窗口内
reason-duplicate = 已由其他采集项读取
reason-panicked = oediag 内部错误

# 主题。
topic-kernel = 内核
topic-boot = 启动
topic-hardware = 硬件
topic-storage = 存储
topic-network = 网络
topic-memory = 内存
topic-process = 进程
topic-services = 服务
topic-packages = 软件包
topic-security = 安全
topic-logs = 日志
topic-alerts = 告警
topic-performance = 性能
topic-operations = 操作记录
topic-crash = 崩溃记录

# 脱敏前可能包含的数据类别。
privacy-facts = 技术数据
privacy-identifying = 名称和地址
privacy-free-text = 自由文本
privacy-credentials = 可能含凭据

# 预设。
preset-quick = 最基本的内容，数秒完成
preset-standard = 多数问题所需的内容
preset-deep = 全部内容，耗时最长、体积最大
preset-perf = 系统慢、负载高
preset-net = 网络问题
preset-disk = 磁盘和文件系统问题
preset-crash = 崩溃和卡死问题

# 告警级别。
severity-critical = 致命
severity-high = 严重
severity-medium = 一般
severity-low = 轻微

# 被替换内容的类别。
kind-password-kv = 密码
kind-password-json = 密码
kind-password-xml = 密码
kind-password-cli = 密码
kind-url-userinfo = URL 中的密码
kind-auth-basic = HTTP 凭据
kind-auth-bearer = 访问令牌
kind-jwt = 访问令牌
kind-cookie-session = 会话 Cookie
kind-cloud-key = 云服务密钥
kind-provider-token = 访问令牌
kind-generic-api-key = API 密钥
kind-docker-auth = 镜像仓库凭据
kind-private-key = 私钥
kind-pw-hash = 密码哈希
kind-ldap-bindpw = LDAP 密码
kind-snmp-community = SNMP 团体字
kind-wifi-psk = Wi-Fi 密钥
kind-vpn-secret = VPN 密钥
kind-luks-key = 磁盘密钥
kind-kernel-cmdline = 启动参数中的密钥
kind-cluster-secret = 集群密钥
kind-sql-auth = 数据库密码
kind-license-key = 许可证密钥
kind-webhook = Webhook 地址
kind-audit-hex = 审计记录中的密钥
kind-zh-password = 密码
kind-ipv4 = IPv4 地址
kind-ipv6 = IPv6 地址
kind-mac = MAC 地址
kind-hostname = 主机名
kind-domain = 域名
kind-username = 用户名
kind-email = 电子邮箱
kind-cn-mobile = 手机号
kind-cn-id = 身份证号
kind-bank-card = 银行卡号
kind-person-name = 人名
kind-serial-number = 序列号
kind-system-uuid = 机器标识
kind-gps = 地理位置
kind-keyword = 自定义关键词

# 诊断包的单屏概览。
card-title = oediag { $version }，诊断包 { $bundle }，预设 { $preset }
card-case = 工单
card-host = 主机
card-machine = 机器
card-state = 状态
card-collected = 采集
card-window = 时间窗口
card-alerts = 告警
card-gaps = 采集项
card-redacted = 脱敏
card-bundle = 诊断包
card-check = 校验
card-incomplete = 不完整：{ $reason }
card-no-alerts = 未发现
card-more-alerts = 还有 { $count } 条：oediag alerts { $path }
card-more-gaps = 还有 { $count } 项：oediag ls { $path }
card-no-redaction = 没有需要替换的内容
card-redaction-total = { $count } 处
card-nothing-sent = 没有发送任何数据。查看内容：oediag ls、cat、alerts { $path }
card-up = 已运行 { $span }
card-load = 负载 { $load }
card-taint = 内核已污染：{ $flags }
card-cpus = { $count } 个 CPU
card-memory = 内存 { $size }
card-from-to = { $from } 至 { $to }
card-begin = 最早
card-end = 现在
card-other-kinds = 其他 { $count }

span-days = { $count } 天
span-hours = { $count } 小时
span-minutes = { $count } 分钟

# 表格。
table-id = 采集项
table-what = 内容
table-data = 数据类别
table-preset = 起始预设
table-size = 大小
table-outcome = 结果
table-member = 文件
table-reads = 读取或运行
table-why = 缺少原因
sources-count = 共 { $count } 个采集项。“起始预设”指 quick、standard、deep 中包含该项的最小预设。“数据类别”指脱敏前可能包含的数据：技术数据；名称和地址（含序列号）；自由文本（内容不限）；可能含凭据的配置。本机实际会读取什么，请看 `oediag plan`。
plan-count = 将读取文件或运行命令共 { $tasks } 项，其中可预知的大小约 { $size }；另有 { $skipped } 项不采集。未运行任何命令。
plan-skipped = 不采集：
plan-samples = 性能采样 { $seconds } 秒。
ls-count = { $members } 个文件，{ $size }；{ $absent } 个采集项没有内容。
alerts-count = { $alerts } 条告警，分为 { $groups } 组。
alerts-none = 此诊断包中未发现告警。
alerts-more = 另有 { $count } 处
alerts-seen = { $count } 次
alerts-between = { $first } 至 { $last }

# 校验。
verify-good = 诊断包完整且未被改动。
verify-signer = 签名者：{ $host }。
verify-bundle = 诊断包 { $bundle }：{ $count } 个文件，{ $size }。
verify-incomplete = 生成该诊断包的采集曾被中断，但已有内容完整。
verify-pass = 通过
verify-fail = 未通过
check-detached-signature = 文件签名
check-profile = 文件格式
check-manifest = 清单
check-name = 名称和主机
check-inner-signature = 校验和的签名
check-sums = 所有文件的校验和
check-members = 清单列出所有文件
check-bundle-json = bundle.json 记录一致

# 脱敏。
redact-done = 已写出 { $files } 个文件，共替换 { $count } 处。

# 进度。
progress-sampling = 性能采样：第 { $second } 秒，共 { $of } 秒
progress-sealing = 正在签名
