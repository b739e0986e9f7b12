//! Identities on single lines and in tables: what must go, and what looks like one and must stay.

use oediag_collector::redact::{Harvest, Key, Level, Redactor, Scratch};

fn redact(path: &str, text: &[u8]) -> Vec<u8> {
    let mut harvest = Harvest::default().with_keywords(["云河银行".to_owned()]);
    harvest.learn_fqdn("bjdc-app-017.prod.corp.example.com");
    harvest.learn_passwd("ops_admin:x:1000:1000:张伟:/home/ops_admin:/bin/bash\n");
    let redactor = Redactor::new(&harvest, &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("the self-test passes");
    let mut out = Vec::new();
    let mut scratch = Scratch::default();
    for raw in redactor.reader(text, path.as_bytes()).with_chunk_size(64) {
        let (clean, _) = redactor.clean(raw.expect("text"), &mut scratch).expect("clean");
        out.extend_from_slice(clean.as_bytes());
    }
    out
}

fn lines(path: &str, text: &str) -> String {
    String::from_utf8(redact(path, text.as_bytes())).expect("still UTF-8")
}

/// Line, what must be gone; all other words of the line must be there.
const GO: &[(&str, &str)] = &[
    // Accounts in programs' sentences.
    ("Accepted keyboard-interactive/pam for wanghua from x", "wanghua"),
    ("Disconnected from user wanghua x port 22", "wanghua"),
    ("sudo[811]:  wanghua : TTY=pts/0 ; PWD=/x ; USER=root ; COMMAND=/bin/ls", "wanghua"),
    ("sudo:  wanghua : 3 incorrect password attempts ; TTY=pts/0", "wanghua"),
    ("su[12]: (to root) wanghua on pts/0", "wanghua"),
    ("Successful su for root by wanghua", "wanghua"),
    ("session opened for user wanghua(uid=1007) by (uid=0)", "wanghua"),
    ("uid=1007(wanghua) gid=100(users) groups=10(wheel)", "wanghua"),
    ("type=X auid=wanghua uid=root exe=x", "wanghua"),
    ("CROND[77]: (wanghua) CMD (/bin/true)", "wanghua"),
    ("FAILED LOGIN 1 FROM tty1 FOR Qx@see2024, Authentication failure", "Qx@see2024"),
    ("[pid 2] [wanghua] OK LOGIN: Client \"127.0.0.1\"", "wanghua"),
    ("authentication for user [CORP]\\[wanghua] failed", "wanghua"),
    ("login of user CORP\\wanghua failed", "wanghua"),
    ("User \"wanghua\" cannot list resource \"pods\"", "wanghua"),
    ("user wanghua logged out", "wanghua"),
    ("Access denied for user 'shop_rw'@'localhost' (using password: YES)", "shop_rw"),
    ("dn: uid=wanghua,ou=People,dc=x", "wanghua"),
    ("wanghua  pts/0   Tue Mar  3 08:59", "wanghua"),
    ("wanghua   1234  1  0 10:00 pts/0 00:00:00 -bash", "wanghua"),
    // Around the sign of mail.
    ("TGS_REQ wanghua@HZ.EXAMPLE.CN for krbtgt/HZ.EXAMPLE.CN@HZ.EXAMPLE.CN", "wanghua"),
    ("principal wanghua/admin@HZ.EXAMPLE.CN", "wanghua"),
    ("key of host/db-31@HZ.EXAMPLE.CN", "db-31"),
    ("Client DB-31$@HZ.EXAMPLE.CN", "DB-31"),
    ("mount wanghua@127.0.0.1 ok", "wanghua"),
    // Tables and fields.
    ("张三丰 13800138063", "13800138063"),
    ("'欧阳建国','13800138063','x'", "13800138063"),
    ("| 13800138063 | x |", "13800138063"),
    ("dest=[8613800138063] x", "8613800138063"),
    ("\"login:13800138063\" x", "13800138063"),
    ("call Wang 138 0013 8063 now", "138 0013 8063"),
    ("30°14'51.2\"N up", "30°14'51.2\"N"),
    ("Position : 120 deg 9' 19.10\" E up", "120 deg 9' 19.10\" E"),
    ("坐标：30.24771，海拔", "30.24771"),
    // Hardware.
    ("-uuid 6e933eda-c4e7-411f-abe4-0db5cfe2806b \\", "6e933eda-c4e7-411f-abe4-0db5cfe2806b"),
    ("<entry name='uuid'>6e933eda-c4e7-411f-abe4-0db5cfe2806b</entry>", "6e933eda-c4e7-411f-abe4-0db5cfe2806b"),
    ("/dev/nvme0n1     S4YPNE0DH0TGR2 SAMSUNG", "S4YPNE0DH0TGR2"),
    ("/dev/disk/by-id/ata-SAMSUNG_MZ7L_S6EWNE0T123456-part1 x", "S6EWNE0T123456"),
    ("port_name = \"0x21000024ff7a1b2c\"", "21000024ff7a1b2c"),
    ("ID_WWN=0x5000c500a1b2c3d4", "5000c500a1b2c3d4"),
    ("tap_5254003a91c2 up", "3a91c2"),
    ("DUID 00:01:00:01:2c:5b:11:22:52:54:00:3a:91:c2", "3a:91:c2"),
    // Addresses with a port behind a dot, and in hexadecimal.
    ("10:44:01.2 IP 10.32.1.7.51822 > 127.0.0.1.80: x", "10.32.1.7"),
    ("IP6 2408:8207:24c1:9a0::17.41002 > ::1.21: x", "2408:8207:24c1:9a0::17"),
    ("GET http://a/ - HIER_DIRECT/203.0.113.9 x", "203.0.113.9"),
    ("https://ops_admin:n0w1See@github.com x", "ops_admin"),
];

/// Lines of which no byte may change.
const STAY: &[&str] = &[
    "Ciphers aes256-gcm@openssh.com,chacha20-poly1305@openssh.com",
    "device-mapper: ioctl: 4.43.0-ioctl initialised: dm-devel@redhat.com",
    "* Tue Nov 10 2020 Wang Hua <wanghua@example.cn> - 1.0-1",
    "author:         Wang Hua <wanghua@example.cn>",
    "{\"PowerSupplies@odata.count\":2,\"@odata.id\":\"/x\"}",
    "memcpy@@GLIBC_2.14 obs@build-014 (abuild@obs-worker-014)",
    "user account locked; user process 3; user data of 2; User Manager for UID 1000",
    "user buffer is too small; login attempt failed with 401; \"User Commands\"; user options, if any; [red]\\[end of it]",
    "password hash algorithm set to sha512",
    "user slice not found; user defined on line 3; the user is not known",
    "uid=0(root) gid=0(root) groups=0(root),10(wheel)",
    "gid=100 fluid=on guid=abc-def",
    "user --groups=wheel --name=x; hdfs/host1@EXAMPLE.CN; mode=0755,gid=users",
    "serial8250: ttyS0 at I/O; console  tty0",
    "console [tty0] enabled; Started Getty on tty1.",
    "(root) CMD (/usr/lib64/sa/sa1 1 1)",
    "tcp_mem = 138 2048 4096; 138 0013 8063 12; 7 138 0013 8063",
    "temp 45°C, 30° left; 12 deg C",
    "Serial number: 5f1c2b7a",
    "Serial Number: 4835703278459707669005204",
    "serialNumber: 66593D5742A1B0C9D8E7F60514233241506B7C8D",
    "# BEGIN RECORD 6.2.1.4",
    "<encoder.version>1.8.0.7</encoder.version>",
    "License: BSD-3-Clause, License     : GPLv2+",
    "PublicKey = q5jN2Yv0rYxQOMlxFqmFDl3wRzQzZ1t1p7k3u7gQx1s=",
    "password = os.environ[\"DB_PASSWORD\"]",
    "def login(user, password=None): ...",
    "account_password = var.db_password",
    "update_password: on_create",
    "Invalid password: it must contain eight",
    "Using --password via the CLI is insecure.",
    "{\"login.password\":\"密码\",\"a\":\"请输入密码\" }",
    "kpasswd\t\t464/tcp",
    "check_password (pw=0x7ffd1c2b5123 <error>) at auth.c:77",
    "/dev/nvme0n1p1 ext4 ro 0 0; /dev/nvme0n1    3750738264 12 1%",
    "node_name: worker; wwn count 4; port name eth0",
    "http://h/?q=100%40off%40now",
    "failed to list *v1.Secret: secrets \"pay-db\" is forbidden",
];

#[test]
fn what_must_go_goes_and_the_rest_of_the_line_stays() {
    for (text, secret) in GO {
        let out = lines("/var/log/any", text);
        assert!(!out.contains(secret), "{text}\n{out}");
        let (_, after) = text.split_once(secret).expect("the secret is in the line");
        let rest = after.split(['\'', ' ']).next_back().unwrap_or("");
        assert!(out.ends_with(rest), "{text}\n{out}");
        assert_eq!(lines("/var/log/any", &out).contains("OEr-"), out.contains("OEr-"));
    }
}

#[test]
fn what_must_stay_stays() {
    for text in STAY {
        assert_eq!(lines("/var/log/any", text), *text);
    }
}

#[test]
fn columns_go_by_their_headers() {
    let text = "工号,姓名,部门,手机,身份证号,备注\nHZ17,刘海燕,\"运维,二部\",18975783497,110199189902140032,在岗\nA,b\nHZ18,数据中心,x,无,y,z\n";
    let out = lines("/data/a.csv", text);
    assert!(!out.contains("刘海燕") && !out.contains("18975783497") && !out.contains("110199189902140032"), "{out}");
    assert!(out.starts_with("工号,姓名,部门,手机,身份证号,备注\nHZ17,OEr-") && out.contains("\"运维,二部\""), "{out}");
    assert!(out.ends_with(",在岗\nA,b\nHZ18,数据中心,x,无,y,z\n"), "{out}");
    let text = "Name\tBMC User\tBMC Password\tSerial Number\tSite\nn1\troot\tCsv-Bmc#1\t2102313CQX10M5000123\tHZ-A\n";
    let out = lines("/data/a.tsv", text);
    assert!(!out.contains("Csv-Bmc#1") && !out.contains("2102313CQX10M5000123"), "{out}");
    assert!(
        out.starts_with("Name\tBMC User\tBMC Password\tSerial Number\tSite\nn1\troot\tOEr-") && out.ends_with("\tHZ-A\n"),
        "{out}"
    );
    for table in ["name,size,ok\nlibfoo,12,yes\n", "a, b, phone\nplain text without fields\n", "time,user count,tokens\n1,2,3\n"]
    {
        assert_eq!(lines("/data/b.csv", table), table);
    }
}

#[test]
fn harvested_names_go_in_every_spelling() {
    for text in ["负责 张伟 在", "n=%E5%BC%A0%E4%BC%9F&x", "{\"n\":\"\\u5f20\\u4f1f\"}", "割接（云河银行核心）"] {
        let out = lines("/var/log/any", text);
        assert!(out.contains("OEr-") && !out.contains("%E5%BC%A0") && !out.contains("5f20"), "{out}");
    }
    // 云河银行 核心
    let gb = b"\xb8\xee\xbd\xd3 \xd4\xc6\xba\xd3\xd2\xf8\xd0\xd0 \xba\xcb\xd0\xc4\n";
    let out = redact("/x.txt", gb);
    assert!(out.starts_with(b"\xb8\xee\xbd\xd3 OEr-keyword-") && out.ends_with(b" \xba\xcb\xd0\xc4\n"));
}

#[test]
fn percent_encoded_mail_has_the_stand_in_of_plain_mail() {
    let out = lines("/var/log/any", "to=wang.hua@mail.example.net u=wang.hua%40mail.example.net&x=1");
    let (plain, encoded) = out.split_once(" u=").expect("two");
    assert_eq!(plain.trim_start_matches("to=").replace('@', "%40"), encoded.trim_end_matches("&x=1"));
}

#[test]
fn addresses_in_the_order_of_the_network() {
    let dotted = lines("/x", "10.20.31.1\n");
    let octets: Vec<u8> = dotted.trim().split('.').map(|o| o.parse().expect("octet")).collect();
    let hex = octets.iter().fold(String::new(), |text, b| text + &format!("{b:02X}"));
    let out = lines("/proc/net/ip_vs", "TCP  0A141F01:0050 rr \n  -> 7F000001:0050  Masq\n");
    assert_eq!(out, format!("TCP  {hex}:0050 rr \n  -> 7F000001:0050  Masq\n"));
    let out = lines("/root/notes", "   0: 111F140A:0016 0804630A:C822 01 0:0\n x 12345678:0016 y\n");
    assert!(
        !out.contains("111F140A") && !out.contains("0804630A") && out.contains(":C822 01") && out.contains("12345678:0016"),
        "{out}"
    );
}

#[test]
fn peers_are_learned_from_the_services_that_name_them() {
    let files = [
        ("/etc/resolv.conf", "search corp.example.com\n"),
        ("/etc/chrony.conf", "server ntp-7 iburst\npool ntp.aliyun.com iburst\n"),
        ("/etc/rsyslog.conf", "*.* @@log-3:514\naction(type=\"omfwd\" Target=\"siem.corp.example.com\" port=\"514\")\n"),
        ("/etc/fstab", "nas-2:/export /mnt nfs ro 0 0\n//win-9/share /mnt cifs ro 0 0\nUUID=1 / ext4 ro 0 0\n"),
        ("/etc/ceph/ceph.conf", "mon initial members = mon-a1, mon-b1\n"),
        ("/var/lib/pacemaker/cib/cib.xml", "<nodes><node id=\"1\" uname=\"pcmk-a\"/></nodes>"),
    ];
    let harvest = Harvest::of(&mut |path| files.iter().find(|(name, _)| *name == path).map(|(_, text)| text.as_bytes().to_vec()));
    let hosts: Vec<&str> = harvest.hosts.iter().map(String::as_str).collect();
    assert_eq!(hosts, ["log-3", "mon-a1", "mon-b1", "nas-2", "ntp-7", "pcmk-a", "siem", "win-9"]);
    assert!(!harvest.domains.iter().any(|d| d.contains("aliyun")));
}
