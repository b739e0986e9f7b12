//! Each rule on single lines: what must go, and what must stay as it is.

use oediag_collector::redact::{Counts, Harvest, Key, Level, Redactor, Scratch};

fn redactor(level: Level) -> Redactor {
    let mut harvest = Harvest::default().with_keywords(["ProjectTaishan".to_owned()]);
    harvest.learn_fqdn("bjdc-app-017.prod.corp.example.com bjdc-db-003");
    harvest.learn_passwd("ops_admin:x:1000:1000:Li Ming:/home/ops_admin:/bin/bash\ntest:x:1001:1001::/home/test:/bin/bash\n");
    Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &[2; 16]), level).expect("the self-test passes")
}

fn redact(redactor: &Redactor, path: &str, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut scratch = Scratch::default();
    for raw in redactor.reader(text, path.as_bytes()) {
        let (clean, _) = redactor.clean(raw.expect("text"), &mut scratch).expect("clean");
        out.extend_from_slice(clean.as_bytes());
    }
    out
}

fn line(text: &str) -> String {
    String::from_utf8(redact(&redactor(Level::Standard), "/var/log/any", text.as_bytes())).expect("still UTF-8")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, b| text + &format!("{b:02X}"))
}

/// Line, what must be gone; all other words of the line must be there.
const GO: &[(&str, &str)] = &[
    ("password = n0w-You!See", "n0w-You!See"),
    ("export OS_PASSWORD=n0wYou+See", "n0wYou+See"),
    ("passphrase=\"delta comet orbit 51\" cipher=aes", "delta comet orbit 51"),
    ("(user=me, pwd=n0wYouSee, timeout=3000ms)", "n0wYouSee"),
    ("{\"password\":\"n0w \\\"You See\",\"port\":1}", "n0w \\\"You See"),
    ("body={\\\"passwd\\\":\\\"n0wYouSee\\\",\\\"mode\\\":\\\"sync\\\"}", "n0wYouSee"),
    ("password: 'n0w#YouSee'", "n0w#YouSee"),
    ("<user password=\"n0wYouSee\" roles=\"x\"/>", "n0wYouSee"),
    ("<password>n0wYouSee</password> <a>b</a>", "n0wYouSee"),
    ("<name>x.ConnectionPassword</name> <value>n0wYouSee</value> <a/>", "n0wYouSee"),
    ("<nvpair name=\"passwd\" value=\"n0wYouSee\"/>", "n0wYouSee"),
    ("run --password n0wYouSee --all", "n0wYouSee"),
    ("run --password='n0w YouSee' --all", "n0w YouSee"),
    ("mysql -uroot -pn0wYouSee db", "n0wYouSee"),
    ("mysqldump -u root -p'n0w See' db", "n0w See"),
    ("sshpass -p n0wYouSee ssh root@h", "n0wYouSee"),
    ("ipmitool -I lanplus -U root -P n0wYouSee sel", "n0wYouSee"),
    ("redis-cli -p 6379 -a n0wYouSee info", "n0wYouSee"),
    ("openssl pkcs12 -passin pass:n0wYouSee -nodes", "n0wYouSee"),
    ("curl -s -u me:n0wYouSee http://h/", "n0wYouSee"),
    ("node.session.auth.password_in = n0wYouSee", "n0wYouSee"),
    ("discovery.sendtargets.auth.password_in = n0wYouSee", "n0wYouSee"),
    ("discovery.sendtargets.auth.username_in = meter_web", "meter_web"),
    ("SNMP Community String   : n0wYouSee", "n0wYouSee"),
    ("Community String: plainword", "plainword"),
    ("net.ipv4.tcp_fastopen_key = 1a2b3c4d-5e6f7081-92a3b4c5-d6e7f809", "1a2b3c4d-5e6f7081-92a3b4c5-d6e7f809"),
    ("preshared-key=Y0JmZ1hqN2tMbTlwUXJzVHV2V3h5ejAxMjM0NTY3ODk=", "Y0JmZ1hqN2tMbTlwUXJzVHV2V3h5ejAxMjM0NTY3ODk="),
    ("pre_shared_key: n0wYouSee77aa", "n0wYouSee77aa"),
    ("wep-key0=n0wYouSee7aa1", "n0wYouSee7aa1"),
    ("wep_key3 = \"abcde\"", "abcde"),
    ("mka-cak=00112233445566778899aabbccddeeff", "00112233445566778899aabbccddeeff"),
    ("AuthKey=n0wYouSee", "n0wYouSee"),
    ("authkey: n0wYouSee", "n0wYouSee"),
    ("requirepass n0wYouSee", "n0wYouSee"),
    ("bindpw n0wYouSee", "n0wYouSee"),
    ("ro rd.iscsi.password=n0wYouSee quiet", "n0wYouSee"),
    ("ro luks.key=n0wYouSee quiet", "n0wYouSee"),
    ("GET /login?user=root&passwd=n0w%20See&x=1", "n0w%20See"),
    ("mysql://root:n0w%40See@h:3306/db", "n0w%40See"),
    ("DSN=me:n0w^You@tcp(127.0.0.1:3306)/x", "n0w^You"),
    ("Server=x;Password=n0wYouSee;Encrypt=false", "n0wYouSee"),
    ("Authorization: Basic bjB3OllvdVNlZQ== x", "bjB3OllvdVNlZQ=="),
    ("-H 'Authorization: Bearer n0wYouSee77aa' -X", "n0wYouSee77aa"),
    ("{\"authorization\":\"Bearer n0wYouSee77aa\",\"a\":1}", "n0wYouSee77aa"),
    ("AUTH LOGIN bjB3OllvdVNlZQ== accepted", "bjB3OllvdVNlZQ=="),
    ("X-Auth-Token: n0wYouSee77aa path=/v3", "n0wYouSee77aa"),
    ("GET /api?access_token=9f8e7d6c5b4a39281706 x", "9f8e7d6c5b4a39281706"),
    ("api_key=sk_live_51N8xQeXAMPLE", "sk_live_51N8xQeXAMPLE"),
    ("AWS_SECRET_ACCESS_KEY=u9Xv/Tq3LrW0bEXAMPLE+Yz7", "u9Xv/Tq3LrW0bEXAMPLE+Yz7"),
    ("root:$6$Qx8rT2vL$cZGdzDJVrJUjqcVSze.yIQ6766:19900:0", "$6$Qx8rT2vL$cZGdzDJVrJUjqcVSze.yIQ6766"),
    ("to=<li.ming+git@mail.example.net>, delay=0.4", "li.ming+git@mail.example.net"),
    ("Connection closed by 203.0.113.9 port 22", "203.0.113.9"),
    ("peer 203.0.113.9:443, 0.5 s.", "203.0.113.9"),
    ("inet 203.0.113.9/24 brd x", "203.0.113.9"),
    ("from 2001:db8:20:31::99 port 22", "2001:db8:20:31::99"),
    ("[fd28:1c07:15eb::7283:a3c9]:8443 x", "fd28:1c07:15eb::7283:a3c9"),
    ("link/ether 28:53:4e:0f:5b:7a brd x", "0f:5b:7a"),
    ("VLAN 10 2853.4e0e.9100 DYNAMIC", "4e0e.9100"),
    ("hardware ethernet A0-36-9F-45-C4-E7;", "45-C4-E7"),
    ("Jan 18 23:31:41 bjdc-app-017 systemd[1]: Started", "bjdc-app-017"),
    ("http://yum.prod.corp.example.com/OS/", "yum.prod.corp.example.com"),
    ("peer BJDC-DB-003 up", "BJDC-DB-003"),
    ("iqn.2003-01.org.linux-iscsi.bjdc-db-003:sn.2f", "bjdc-db-003"),
    ("Started Session 811 of user ops_admin.", "ops_admin"),
    ("cwd /home/huangbin/src", "huangbin"),
    ("Failed password for invalid user liujie88 from x", "liujie88"),
    ("id 110199189902140032 ok", "110199189902140032"),
    ("mobile=13800138063 ok", "13800138063"),
    ("syscontact ops +86 138-0013-8044", "+86 138-0013-8044"),
    ("make[2]: /build/ProjectTaishan/src", "ProjectTaishan"),
    ("holder Li Ming of x", "Li Ming"),
    ("登录失败，密码：n0w#2019!，请重试", "n0w#2019!"),
    ("用户 meter_web 登录成功", "meter_web"),
    ("wget -q --user=meter_web http://h/x", "meter_web"),
    ("psql --username=meter_web db", "meter_web"),
    ("svn co --username meter_web http://h/x", "meter_web"),
    ("curl -x h:1 --proxy-user=meter_web -s", "meter_web"),
    ("echo 'n0w#YouSee' | passwd --stdin svc", "n0w#YouSee"),
    ("echo -n n0w#YouSee | sudo cryptsetup luksOpen /dev/sdc1 c -", "n0w#YouSee"),
    ("printf '%s' n0w#YouSee | /usr/bin/kinit svc", "n0w#YouSee"),
    ("echo \"root:n0w#YouSee\" | chpasswd", "n0w#YouSee"),
    ("cryptsetup luksOpen /dev/sdb2 d --key-file=- <<< 'n0w#YouSee'", "n0w#YouSee"),
    ("sqlplus -S system/n0wYouSee7@ORCL @/x.sql", "n0wYouSee7"),
    ("curl -sku me:n0wYouSee https://h/", "n0wYouSee"),
    ("{\"args\":[\"redis-cli\",\"-a\",\"n0wYouSee\",\"ping\"]}", "n0wYouSee"),
    ("args: [\"--requirepass\", \"n0wYouSee\", \"--port\", \"1\"]", "n0wYouSee"),
    ("{\"name\":\"DB_PASSWORD\",\"value\":\"n0wYouSee\"}", "n0wYouSee"),
    ("htpasswd -b /etc/h web n0wYouSee", "n0wYouSee"),
    ("ALTER ROLE x PASSWORD 'n0wYouSee' VALID UNTIL 'y'", "n0wYouSee"),
    ("IDENTIFIED BY PASSWORD 'n0wYouSee'", "n0wYouSee"),
    ("temporary password is generated for root@localhost: n0w#Y<ouSee", "n0w#Y<ouSee"),
    ("sentinel auth-pass mymaster n0wYouSee", "n0wYouSee"),
    ("[0 127.0.0.1:1] \"AUTH\" \"default\" \"n0wYouSee\"", "n0wYouSee"),
    ("snmp-agent community read cipher n0wYouSee view", "n0wYouSee"),
    ("trap2sink localhost n0wYouSee 162", "n0wYouSee"),
    ("0 41943040 crypt aes-xts-plain64 00112233445566778899aabbccddeeff 0 253:2", "00112233445566778899aabbccddeeff"),
    ("  1 h/x@EXAMPLE.CN (aes128)  (0x00112233445566778899aabbccddeeff)", "00112233445566778899aabbccddeeff"),
    ("MK dump:\t7c 1f a0 52 9d 3b e4 88", "7c 1f a0 52 9d 3b e4 88"),
    ("key \"k\" { algorithm hmac-md5; secret \"n0wYouSee\"; };", "n0wYouSee"),
    ("machine h login me2 password n0wyousee account x", "n0wyousee"),
    ("incominguser root n0wYouSee", "n0wYouSee"),
    (
        "https://open.feishu.cn/open-apis/bot/v2/hook/fdfe0546-9de9-4501-aa40-efc1db5779f5 -d",
        "fdfe0546-9de9-4501-aa40-efc1db5779f5",
    ),
    ("\"Env\":[\"PATH=/usr/bin\",\"POSTGRES_PASSWORD=n0wYouSee\"]", "n0wYouSee"),
    ("payload=eyJwYXNzd29yZCI6Im4wd1lvdVNlZSJ9 ok", "eyJwYXNzd29yZCI6Im4wd1lvdVNlZSJ9"),
    ("key MIIEvgIBADANBgkqhkiG9w0BAQEFAASC end", "MIIEvgIBADANBgkqhkiG9w0BAQEFAASC"),
    ("auth = \"bWU6bjB3WW91U2Vl\" # x", "bWU6bjB3WW91U2Vl"),
    ("GET /r?u=https%3A%2F%2Fme%3An0w%7ESee%40h%2Fv1 x", "n0w%7ESee"),
    ("next=%2Flogin%3Fpassword%3Dn0wYouSee%26x%3D1 ok", "n0wYouSee"),
    ("type=EXECVE msg=audit(1.1:2): argc=3 a0=\"mysql\" a1=\"-uroot\" a2=\"-pn0wYouSee\"", "n0wYouSee"),
    ("audit: argc=3 a0=\"curl\" a1=\"-u\" a2=6D653A6E3077596F75536565", "6E3077596F75536565"),
    ("{\"MESSAGE\":[112,97,115,115,119,111,114,100,61,110,48,119,83,101,101]}", "110,48,119,83,101,101"),
    ("{\"name\":\"DB_PASSWORD\",\"value\":\"n0wYouSee\"}", "n0wYouSee"),
    ("- name: DB_PASSWORD\n  value: n0wYouSee", "n0wYouSee"),
    ("password: >-\n  n0wYouSee", "n0wYouSee"),
    ("<p:Password Type=\"#Text\">n0wYouSee</p:Password>", "n0wYouSee"),
    ("<password><![CDATA[n0wYouSee]]></password>", "n0wYouSee"),
    ("<entry key=\"db.password\">n0wYouSee</entry>", "n0wYouSee"),
    ("<property value=\"n0wYouSee\" name=\"password\"/>", "n0wYouSee"),
    ("connect (port=1, password=0x61c0 \"n0wYouSee\") at", "n0wYouSee"),
    (
        "{\"kty\":\"OKP\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\",\"x\":1}",
        "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    ),
    ("Private-Lines: 1\nZwEtWYYn0w+9GGPva27AwqirGl1s\nPrivate-MAC: 3d8c", "ZwEtWYYn0w+9GGPva27AwqirGl1s"),
    ("Board Serial         : 2102KXQ7P10", "2102KXQ7P10"),
    ("ID_SERIAL_SHORT=S4EVNX0M", "S4EVNX0M"),
    ("<entry name='serial'>VM-4825-77</entry>", "VM-4825-77"),
    ("{\"serialNumber\":\"2102KXQ7P10\",\"a\":1}", "2102KXQ7P10"),
    ("  <uuid>6e933eda-c4e7-411f-abe4-0db5cfe2806b</uuid>", "6e933eda-c4e7-411f-abe4-0db5cfe2806b"),
    ("_MACHINE_ID=8ac310b1d74dfd6d8790c79e7088a69f", "8ac310b1d74dfd6d8790c79e7088a69f"),
    ("  System UUID:  6e933eda-c4e7-411f-abe4-0db5cfe2806b", "6e933eda-c4e7-411f-abe4-0db5cfe2806b"),
    ("qemu-kvm -name x -uuid 6e933eda-c4e7-411f-abe4-0db5cfe2806b -smp 4", "6e933eda-c4e7-411f-abe4-0db5cfe2806b"),
    ("mac_address=5254003a91c2 up", "3a91c2"),
    ("2: enx5254003a91c2: <UP>", "3a91c2"),
    ("MAC 5489-98f4-1a2b learned", "f4-1a2b"),
    ("BOOTIF=01-52-54-00-3a-91-c2 ro", "3a-91-c2"),
    ("Node GUID: 0x506b4b0300a1b2c3", "506b4b0300a1b2c3"),
    ("电话 159 2237 0481 转", "159 2237 0481"),
    ("phone_number: 138 0013 8044, x", "138 0013 8044"),
    ("tel +86-138-0013-8044 x", "+86-138-0013-8044"),
    ("卡号 6228 4877 1234 5679 元", "6228 4877 1234 5679"),
    ("pan: 6228 4877 1234 5679 exp 12/29", "6228 4877 1234 5679"),
    ("acct 6228-4877-1234-5679 x", "6228-4877-1234-5679"),
    ("联系人：吴志强 值班", "吴志强"),
    ("负责人 欧阳明月，电话", "欧阳明月"),
    ("{\"realName\":\"褚雪梅\",\"a\":1}", "褚雪梅"),
    ("用户李雪梅登录系统成功", "李雪梅"),
    ("经办人：高峰，已", "高峰"),
    ("$GNRMC,031455.00,A,3015.84721,N,12009.32188,E,0.021", "3015.84721,N,12009.32188,E"),
    ("gps=30.24771,120.15531 ok", "30.24771,120.15531"),
    ("\"coordinates\":[120.15531,30.24771]", "120.15531,30.24771"),
    ("to node db-3.site.test/10.20.31.44:9092 failed", "10.20.31.44"),
    ("Node: worker-7/10.20.31.44", "10.20.31.44"),
    ("range 10.20.31.44-10.20.31.90 x", "10.20.31.44-10.20.31.90"),
    ("backup_192.168.7.21_full", "192.168.7.21"),
    ("密码已重置为：n0w#See，请修改", "n0w#See"),
    ("口令改为 n0wYou1See", "n0wYou1See"),
    ("密码（n0wYouSee）", "n0wYouSee"),
    ("验证码 839201，5分钟内有效", "839201"),
    ("授权码：abcdnowyousee", "abcdnowyousee"),
    ("Tel: 159 2237 0481 x", "159 2237 0481"),
    ("姓 名：吴志强", "吴志强"),
    ("| 密码 | n0wYouSee |", "n0wYouSee"),
    ("密 码：n0wYouSee", "n0wYouSee"),
    ("{\"密码\":\"n0wYouSee\",\"a\":1}", "n0wYouSee"),
];

/// Lines of which no byte may change.
const STAY: &[&str] = &[
    "SUBDEBUG Upgrade: kernel-4.19.90-2109.1.0.0108.oe1.aarch64",
    "version:        4.19.90.1",
    "firmware-version: 16.31.1014.22",
    "Server version 8.0.31.7 started in 2.813 s",
    "agent Edg/118.0.2088.61 chrome/118.0.5993.88",
    "libreswan-4.5.1.2-1.oe2203.x86_64",
    ".1.3.6.1.4.1.2021.10.1.3 = 1.2.840.113549.1.1.11",
    "12:34:56.789 +0800 load average: 0.12, 0.38, 0.08",
    "pci 0000:7d:00.0: [19e5:1822] type 00, 2:0:0:0",
    "x29: ffff8000101b2c3d a0=ffffff9c",
    "commit b02ac8b1bf8c6616967c13937dbf822fea3108dc",
    "std::string abc::def::f0 ns::detail::cafe::run()",
    "UUID=39cfda4c-dbd3-483f-a369-903c721bcccf /boot ext4",
    "inet 127.0.0.1/8, ::1, 0.0.0.0, [::]:80, 255.255.255.0, 224.0.0.1, ff02::1",
    "33:33:00:00:00:01 00:00:00:00:00:00 ff:ff:ff:ff:ff:ff",
    "user@0.service getty@tty1.service git@github.com",
    "http://repo.openeuler.org/openEuler-22.03-LTS-SP1/OS/",
    "password    requisite     pam_pwquality.so try_first_pass",
    "PasswordAuthentication yes",
    "PASS_MAX_DAYS   90",
    "app: password: required field missing",
    "password_file = /run/secrets/db",
    "min_password_length = 12",
    "passwd:     files sss",
    "ops ALL=(ALL) NOPASSWD: /usr/bin/systemctl",
    "PWD=/root ; USER=root ; COMMAND=/usr/bin/id",
    "DB_PASSWORD=${DB_PASSWORD} API_KEY=$(cat /run/key) TOKEN=<your-token-here>",
    "password = ******** secret = [REDACTED] api_key = xxxxxxxx",
    "password: \"\" token: null secret_name: db-credentials",
    "auth_basic \"Restricted\"; missing bearer token",
    "# requirepass foobared",
    "net.ipv4.tcp_fastopen = 3",
    "net.ipv4.tcp_fastopen_blackhole_timeout_sec = 3600",
    "wep-key-type=1 wep-key-flags=0 wep-tx-keyidx=2 mka-cak-flags=1 mka-ckn-length=64",
    "AuthorizedKeysFile .ssh/authorized_keys",
    "authkeysdir=/etc/keys authkey: /etc/corosync/authkey",
    "preshared-key-flags=0 pre-shared-key-file = /etc/vpn/a",
    "SNMP Community Strings are not shown",
    "node.session.auth.authmethod = CHAP password_input = text",
    "redis-cli -p 6379 info; mkdir -p /a/b; ps -p 1",
    "smmu.bypassdev=0x1000:0x17 cgroup_disable=files",
    "bin:*:19600:0:99999:7::: daemon:!!:19600::::::",
    "batch 11684887362 rows, order 20260102138001, 110199189902140031",
    "cpu 16458859200 13912345678 1545245549",
    "eth0:13912345678 {\"bytes\":13912345678,\"n\":2}",
    "密码错误，请重新输入；密码已过期；口令长度不少于 97 位",
    "scp test server node",
    "Last password change : Nov 10, 2025",
    "echo done | tee /tmp/x; echo 1 | grep passwd; cat <<< ready",
    "docker run --user 1000:1000 nginx; chown --user=app:app x",
    "pip3 install --user requests; systemctl --user status pulseaudio; perf --user=$USER --username=%u",
    "postgres://meter_web@h/db auth: meter: x",
    "Failed password for invalid user x from 127.0.0.1 port 22 ssh2",
    "password is required; secret is mounted; token is expired",
    "swap crypt none (0xffff8000101b2c3d) (0x1f)",
    "PASS test_one; 3 passed",
    "--- PASS: TestTwo (0.00s)",
    "basic auth required; Basic Latin; MK bits: 256",
    "UUID 87ef2400-7512-4bd3-a0ee-fc9009bd88f5",
    "payload=eyJob3N0IjoiYSIsInBvcnQiOjQ0MywibW9kZSI6InN5bmMifQ== ok",
    "cert: MIIBfTCCASOgAwIBAgIUHI5G2HhzwxvvEu5HSTsrfUpnW",
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
    "{\"cpus\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]}",
    "GET /r?u=https%3A%2F%2Fexample.org%3A443%2Fa%40b x",
    "type=EXECVE msg=audit(1.1:2): argc=3 a0=\"ls\" a1=\"-l\" a2=\"/tmp\"",
    "- name: PASSWORD_POLICY\n  value: strict",
    "{\"algorithm\":\"x\",\"d\":\"da39a3ee5e6b4b0d3255bfef95601890afd80709\"}",
    "pam_unix(sshd:auth): check pass; user unknown",
    "Serial Number: 3454",
    "serial=4F2A90B1C3D4E5F60718",
    "serial8250: ttyS0 at I/O 0x3f8",
    "2024030501 ; serial",
    "Boot ID: 8ac310b1d74dfd6d8790c79e7088a69f",
    "UUID:          59bf2124-44c4-41ab-ac4c-2d2336922414",
    "\"uuid\":\"59bf2124-44c4-41ab-ac4c-2d2336922414\"",
    "Filesystem UUID:          59bf2124-44c4-41ab-ac4c-2d2336922414",
    "machine = q35 macro panic discard: position: 12 location: /a",
    "密码为空；密码是否正确；密码: /etc/pki/a.key；密码 sha256 摘要；密钥：server.pem；密码 12 位",
    "用户 权限不足，用户登录失败，联系人 不能为空，负责人：未知",
    "值班 周一 白班，用户严重超时，员工 管理系统，姓名 高级",
    "order 6228 1234 5678 9999 of 4",
    "rate 13912345678字节",
    "gps off, location: 1.5, 2.5",
    "libfoo-1.2.3.4-5.x86_64 Edge/10.1.2.3",
    "guid: 00000000-0000 disk 1A2B-3C4D-5E6F",
];

#[test]
fn what_must_go_goes_and_the_rest_of_the_line_stays() {
    for (text, secret) in GO {
        let out = line(text);
        assert!(!out.contains(secret), "{text}\n{out}");
        let (before, after) = text.split_once(secret).expect("the secret is in the line");
        assert!(out.starts_with(before) || secret.starts_with("yum."), "{text}\n{out}");
        assert!(out.ends_with(after), "{text}\n{out}");
    }
}

#[test]
fn the_name_of_an_account_goes_with_its_secret() {
    for text in [
        "dsn=mysql://meter_web:n0w%40See1@h:3306/db",
        "ctr pull --user meter_web:n0wYouSee7 h/x",
        "curl --user='meter_web:n0wYouSee7' https://h/",
        "stats auth meter_web:n0wYouSee7",
    ] {
        let out = line(text);
        assert!(out.contains("OEr-user-") && !out.contains("meter_web") && !out.contains("See"), "{text}\n{out}");
    }
}

#[test]
fn what_must_stay_stays() {
    for text in STAY {
        assert_eq!(line(text), *text);
    }
}

#[test]
fn equal_values_have_equal_tokens_and_others_have_others() {
    let out = line("bjdc-app-017 bjdc-db-003 BJDC-APP-017 bjdc-app-017.prod.corp.example.com");
    let words: Vec<&str> = out.split(' ').collect();
    assert_ne!(words[0], words[1]);
    assert_eq!(words[0].to_ascii_uppercase(), words[2]);
    assert!(words[3].starts_with(words[0]));
}

#[test]
fn keys_over_many_lines_go_and_their_frame_stays() {
    let body = "vESkHofnWtkKckKCEQFzeG7omLVQcvMDPmiJFYKbEN7fvHnN1OulbsKBG9dQ64HH";
    for (text, lines) in [
        (
            format!(
                "a\n-----BEGIN RSA PRIVATE KEY-----\n{body}\n{body}\nnU/YdR5pwAv/iw==\n-----END RSA PRIVATE KEY-----\nz = 1\n"
            ),
            7,
        ),
        (format!("key: |\n    -----BEGIN PRIVATE KEY-----\n    {body}\n    -----END PRIVATE KEY-----\nz = 1\n"), 5),
        (format!("{{\"k\":\"-----BEGIN PRIVATE KEY-----\\n{body}\\n{body}\\n-----END PRIVATE KEY-----\",\"z = 1\":0}}\n"), 1),
        (format!("{body}\n{body}\n-----END PRIVATE KEY-----\nz = 1\n"), 4),
        (
            format!(
                "Nov 1 h app: -----BEGIN PRIVATE KEY-----\nNov 1 h app: {body}\nNov 1 h app: -----END PRIVATE KEY-----\nz = 1\n"
            ),
            4,
        ),
    ] {
        let out = line(&text);
        assert!(!out.contains(&body[..20]) && !out.contains("nU/Yd"), "{out}");
        assert!(out.contains("z = 1"), "{out}");
        assert_eq!(out.lines().count(), lines, "{out}");
    }
    let public = format!("-----BEGIN CERTIFICATE-----\n{body}\n-----END CERTIFICATE-----\n");
    assert_eq!(line(&public), public);
}

#[test]
fn tables_of_the_kernel_keep_their_shape() {
    let redactor = redactor(Level::Standard);
    let tcp = "   0: 111F140A:0016 0804630A:C822 01 00000000:00000000\n   3: 0100007F:18EB 00000000:0000 0A 12345678\n";
    let out = String::from_utf8(redact(&redactor, "/proc/net/tcp", tcp.as_bytes())).expect("text");
    assert!(!out.contains("111F140A") && !out.contains("0804630A"), "{out}");
    assert!(out.contains("0100007F:18EB 00000000:0000 0A 12345678") && out.len() == tcp.len(), "{out}");
    let dotted = line("10.20.31.17");
    let octets: Vec<u8> = dotted.trim().split('.').map(|o| o.parse().expect("octet")).collect();
    let reversed: Vec<u8> = octets.into_iter().rev().collect();
    let hex = hex(&reversed);
    assert!(out.contains(&hex), "the same address has the same stand-in in both forms: {out} {dotted}");
    let six = "fe80000000000000505400fffe3a91c2 02 40 20 80   ens1f0\n00000000000000000000000000000001 01 80 10 80       lo\n";
    let out = String::from_utf8(redact(&redactor, "/proc/net/if_inet6", six.as_bytes())).expect("text");
    assert!(!out.contains("3a91c2") && out.contains("00000000000000000000000000000001 01"), "{out}");
}

#[test]
fn commands_in_hexadecimal_are_decoded_and_encoded_again() {
    let out = line(&format!("type=PROCTITLE msg=audit(1.2:3): proctitle={}\n", hex(b"sshpass\0-p\0Ceph@Deploy#42")));
    assert!(!out.contains(&hex(b"Ceph@Deploy")), "{out}");
    assert!(out.contains(&format!("proctitle={}", hex(b"sshpass\0-p\0OEr-password-cli-"))), "{out}");
    let harmless = format!("proctitle={}\n", hex(b"ls\0-la\0/root"));
    assert_eq!(line(&harmless), harmless);
}

#[test]
fn separators_of_arguments_stay() {
    let redactor = redactor(Level::Standard);
    let out = redact(&redactor, "/proc/1/cmdline", b"mysqldump\0-h\x00203.0.113.9\0-pDump_2025\0x\0");
    assert_eq!(out.split(|b| *b == 0).count(), 6);
    assert!(!String::from_utf8_lossy(&out).contains("Dump_2025"));
    let mut counts = Counts::default();
    let argv = redactor.argv(&[b"/usr/bin/sshpass", b"-p", b"n0wYouSee", b"ssh"], &mut counts);
    assert_eq!(argv.len(), 4);
    assert!(argv[2].as_str().starts_with("OEr-password-cli-"));
    assert_eq!(counts.iter().collect::<Vec<_>>(), [("password_cli", 1)]);
}

#[test]
fn accounts_and_their_holders_go_from_a_list_of_accounts() {
    let text = "sshd:x:74:74:Privilege Separated:/:/sbin/nologin\nkfuser9:x:1007:1007:吴志强,,,:/x:/bin/bash\n";
    let out = String::from_utf8(redact(&redactor(Level::Standard), "/etc/passwd", text.as_bytes())).expect("text");
    assert!(out.starts_with("sshd:x:74:74:Privilege Separated:/:/sbin/nologin\nOEr-user-"), "{out}");
    assert!(!out.contains("吴志强") && out.ends_with(",,,:/x:/bin/bash\n"), "{out}");
}

#[test]
fn paths_are_redacted_by_component() {
    let redactor = redactor(Level::Standard);
    let mut counts = Counts::default();
    let path = |p: &str, c: &mut Counts| String::from_utf8(redactor.path(p.as_bytes(), c)).expect("text");
    assert_eq!(path("/var/log/messages-20251109.gz", &mut counts), "/var/log/messages-20251109.gz");
    assert_eq!(
        path("/var/crash/127.0.0.1-2025-11-09-23:58:12/vmcore-dmesg.txt", &mut counts),
        "/var/crash/127.0.0.1-2025-11-09-23:58:12/vmcore-dmesg.txt"
    );
    assert_eq!(counts.total(), 0);
    assert!(!path("/var/crash/203.0.113.9-2025-11-09-23:58:12/vmcore", &mut counts).contains("203.0.113.9"));
    assert!(!path("/home/wanghua/x/bjdc-db-003.log", &mut counts).contains("wanghua"));
    assert_eq!(counts.total(), 3);
}

#[test]
fn levels_differ_in_addresses_only() {
    let text = "peer 203.0.113.9 28:53:4e:0f:5b:7a password=n0wYouSee\n";
    let at = |level| String::from_utf8(redact(&redactor(level), "/x", text.as_bytes())).expect("text");
    assert!(at(Level::Reduced).contains("203.0.113.9") && !at(Level::Reduced).contains("n0wYouSee"));
    assert!(at(Level::Standard).contains(" 28:53:4e:"));
    assert!(at(Level::Strict).contains("OEr-ip4-") && !at(Level::Strict).contains("28:53:4e"));
}

#[test]
fn columns_stay_aligned() {
    let out = line("bjdc-db-003               up 1\nother                     up 2\n");
    let at: Vec<_> = out.lines().map(|l| l.find("up")).collect();
    assert_eq!(at[0], at[1], "{out}");
}

#[test]
fn utf16_and_gb18030_keep_their_encoding() {
    let redactor = redactor(Level::Standard);
    let text = "\u{feff}\"Password\"=\"LiKizUSH07I\"\r\nport=1\r\n";
    for big in [false, true] {
        let bytes: Vec<u8> = text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect();
        let out = redact(&redactor, "/x.reg", &bytes);
        let units: Vec<u16> = out
            .chunks(2)
            .map(|p| if big { u16::from_be_bytes([p[0], p[1]]) } else { u16::from_le_bytes([p[0], p[1]]) })
            .collect();
        let out = String::from_utf16(&units).expect("still UTF-16");
        assert!(out.starts_with("\u{feff}\"Password\"=\"OEr-") && out.ends_with("\r\nport=1\r\n"), "{out}");
    }
    // 连接失败 密码=qSf4mzBQDX
    let gb = b"\xc1\xac\xbd\xd3\xca\xa7\xb0\xdc \xc3\xdc\xc2\xeb=qSf4mzBQDX\n";
    let out = redact(&redactor, "/x.log", gb);
    assert!(out.starts_with(b"\xc1\xac\xbd\xd3\xca\xa7\xb0\xdc \xc3\xdc\xc2\xeb=OEr-zh-password-"));
}

#[test]
fn binary_content_is_refused() {
    let redactor = redactor(Level::Standard);
    for bytes in [
        &b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x03\0\x3e\0"[..],
        b"SQLite format 3\0\x10\0\x01\x01\0@  \0\0\0\x07",
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03\xab\x01\x02",
    ] {
        let first = redactor.reader(bytes, b"/x").next();
        assert!(matches!(first, Some(Err(oediag_collector::redact::RedactError::Binary))), "{bytes:?}");
    }
    assert!(redactor.reader(&b""[..], b"/x").next().is_none());
}

#[test]
fn strings_in_binary_content_are_replaced_in_place() {
    let core = b"\xde\xad\xbe\xef\0password=n0wYouSee\0oom_kill\0\x01\x02";
    let out = redact(&redactor(Level::Standard), "/var/crash/core.strings", core);
    assert_eq!(out.len(), core.len());
    assert!(out.starts_with(b"\xde\xad\xbe\xef\0password=.........\0") && out.ends_with(b"\0oom_kill\0\x01\x02"));
    for (level, path) in [(Level::Strict, "/var/crash/core.strings"), (Level::Standard, "/var/log/wtmp")] {
        let redactor = redactor(level);
        let first = redactor.reader(&core[..], path.as_bytes()).next();
        assert!(matches!(first, Some(Err(oediag_collector::redact::RedactError::Binary))), "{path}");
    }
}

#[test]
fn entries_of_a_secret_go_and_those_of_a_map_stay() {
    let redactor = redactor(Level::Standard);
    let redact = |text: &str| String::from_utf8(redact(&redactor, "/x/secret.yaml", text.as_bytes())).expect("text");
    let out = redact("apiVersion: v1\ndata:\n  any: bjB3WW91U2Vl\nkind: Secret\n");
    assert!(!out.contains("bjB3") && out.contains("  any: OEr-"), "{out}");
    let map = "apiVersion: v1\ndata:\n  any: information\n  n: \"5432\"\nkind: ConfigMap\n";
    assert_eq!(redact(map), map);
}
