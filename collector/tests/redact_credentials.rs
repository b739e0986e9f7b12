//! Credentials that their place gives away: in calls, commands, lists, tables, files with columns. What must go, and what
//! must stay as it is.

use oediag_collector::redact::{Harvest, Key, Level, Redactor, Scratch};

fn redact(path: &str, text: &str) -> String {
    let redactor = Redactor::new(&Harvest::default(), &Key::for_bundle(&[1; 32], &[2; 16]), Level::Standard).expect("starts");
    let mut out = Vec::new();
    let mut scratch = Scratch::default();
    for raw in redactor.reader(text.as_bytes(), path.as_bytes()) {
        let (clean, _) = redactor.clean(raw.expect("text"), &mut scratch).expect("clean");
        out.extend_from_slice(clean.as_bytes());
    }
    String::from_utf8(out).expect("still UTF-8")
}

/// Text and what must be gone; what is before and behind it must be there.
const GO: &[(&str, &str)] = &[
    // Letters, tags, constructors and objects around a value.
    ("{u'password': u'n0wYouSee', u'port': 1}", "n0wYouSee"),
    ("ALTER LOGIN sa WITH PASSWORD = N'n0wYouSee';", "n0wYouSee"),
    ("Config { password: Some(\"n0wYouSee\"), port: 1 }", "n0wYouSee"),
    ("pw: &dbpw n0wYouSee", "n0wYouSee"),
    ("x: &db_password \"n0wYouSee\"", "n0wYouSee"),
    ("Data Source=x;Password={n0w;You=See};Encrypt=1", "n0w;You=See"),
    ("{\"mail.password\":{\"value\":\"n0wYouSee\"}}", "n0wYouSee"),
    ("ldap_default_authtok = n0w,bind=You", "n0w,bind=You"),
    ("gpg_passphrase = n0w you!", "n0w you!"),
    ("define( 'DB_PASSWORD', 'n0w\\'You!1' );", "n0w\\'You!1"),
    ("bindpw n0w You see # x", "n0w You see"),
    ("密码换成 n0w#You9", "n0w#You9"),
    ("管理密匙——n0w#You9", "n0w#You9"),
    // Keys.
    ("DB_PASSWORD_PROD=n0wYouSee", "n0wYouSee"),
    ("db.password.0=n0wYouSee", "n0wYouSee"),
    ("passwordConfirm=n0wYouSee&a=1", "n0wYouSee"),
    ("smtp_auth_password=n0wYouSee timeout=1", "n0wYouSee"),
    ("x%26access_token%3Dn0wYouSee77aa%26b", "n0wYouSee77aa"),
    ("{\"a\":\"x=1\\ntoken=n0wYouSee77aa\\nb=2\"}", "n0wYouSee77aa"),
    ("/cb?x=1\\u0026token=n0wYouSee77aa\\u0026b=1", "n0wYouSee77aa"),
    ("if ($http_x_token != \"n0wYouSee77aa\") { return 403; }", "n0wYouSee77aa"),
    ("username/password: n0w/YouSee", "n0w/YouSee"),
    ("Option ldap_default_authtok has value n0w-You!See", "n0w-You!See"),
    ("setenv DB_PASSWORD n0wYouSee", "n0wYouSee"),
    ("set iDRAC.Users.2.Password n0wYouSee", "n0wYouSee"),
    ("<PASSWORD value=\"n0wYouSee\"/>", "n0wYouSee"),
    // Calls and logins.
    ("PDO->__construct('mysql:host=db', 'root', 'n0wYouSee')", "n0wYouSee"),
    ("db.auth(\"u\",\"n0wYouSee\")", "n0wYouSee"),
    ("jdbc:oracle:thin:scott/n0wYouSee@//h:1521/x", "n0wYouSee"),
    ("conn system/n0wYouSee@orcl", "n0wYouSee"),
    ("dsn root:n0wYou1See@db-1:3306/x", "n0wYou1See"),
    ("dsn app:n0wYou1See@(db-1:3306)/x", "n0wYou1See"),
    ("stats auth admin:n0wYouSee", "n0wYouSee"),
    ("       user_super=\"n0w-you-see\"", "n0w-you-see"),
    ("alter user sys identified by *** replace n0wYou12;", "n0wYou12"),
    // Commands.
    ("mysql -u -pn0wYouSee db", "n0wYouSee"),
    ("command: [redis-cli, -a, n0wYouSee, ping]", "n0wYouSee"),
    ("- redis-cli\n- -a\n- n0wYouSee\n- ping", "n0wYouSee"),
    ("- --requirepass\n- n0wYouSee", "n0wYouSee"),
    ("unzip -oP n0wYouSee a.zip", "n0wYouSee"),
    ("ssh-keygen -t rsa -N n0wYouSee -f x", "n0wYouSee"),
    ("  `-sshpass,4412 -p n0wYouSee ssh h", "n0wYouSee"),
    ("kubectl create secret generic x --from-literal=dbkey=n0wYouSee", "n0wYouSee"),
    ("ktutil <<E\naddent -password -p a@B -k 1\nn0w You See\nwkt x\nE", "n0w You See"),
    ("kinit svc <<EOF\nn0wYouSee\nEOF", "n0wYouSee"),
    ("expect \"assword:\"\nsend \"n0wYouSee\\r\"", "n0wYouSee"),
    ("Client \"local\", \"PASS n0wYou77\"", "n0wYou77"),
    // Records.
    ("bob:1001:X:5F4DCC3B5AA765D61D8327DEB882CF99:[U          ]:LCT-1", "5F4DCC3B5AA765D61D8327DEB882CF99"),
    ("| root | h | *6BB4837EB74329105EE4568DDA7DC67ED2CA2AD9 |", "6BB4837EB74329105EE4568DDA7DC67ED2CA2AD9"),
    ("WIFI:T:WPA;S:ssid;P:n0wYouSee;;", "n0wYouSee"),
    ("Cookie: theme=dark; SSOX=n0wYouSee77aabbcc1; lang=zh", "n0wYouSee77aabbcc1"),
    ("h\tFALSE\t/\tFALSE\t0\tsession\tn0wYouSee77aabbcc", "n0wYouSee77aabbcc"),
    ("{\"acl\":{\"tokens\":{\"agent\":\"6e0c1b7d-2f95-4a3e-8bd1-90c7f4a5e263\"}}}", "6e0c1b7d-2f95-4a3e-8bd1-90c7f4a5e263"),
    ("\"unseal_keys_b64\": [\n  \"pXXJb2EFujwdRGK+mn/p/Yb/ARqd\"\n],", "pXXJb2EFujwdRGK+mn/p/Yb/ARqd"),
    ("\"me\"  *  \"n0wYouSee\"  *", "n0wYouSee"),
    ("| 系统 | 密码 |\n|---|---|\n| x | n0wYouSee |", "n0wYouSee"),
    ("INSERT INTO `u` (`id`,`password`) VALUES (1,'n0wYouSee');", "n0wYouSee"),
    ("*.* :ommysql:h,db,me,n0wYouSee", "n0wYouSee"),
];

/// Texts of which no byte may change.
const STAY: &[&str] = &[
    "docker run nginx:1.25.3@sha256:12345 a/b1@c/d",
    "mailto:ops1@h:25 sip:10010@pbx:5060",
    "user_agent=\"curl/7.0\"",
    "password_policy=strict password_file=/etc/x password_length=12",
    "if password == \"\" { return }",
    "connect to db/x as root; connection to a/b",
    "- redis-cli\n- -p\n- 6379",
    "unzip -o a.zip; ssh-keygen -t rsa -f x",
    "1 << 4 and cat << EOF\nplain text\nEOF",
    "send \"yes\\r\"",
    "=> pass through; > PASS and go on",
    "Cookie: theme=dark; lang=zh-CN; _ga=GA1.2.1234567890.1234567890",
    "| a | b |\n|---|---|\n| x | y |",
    "INSERT INTO t (id, name) VALUES (1, 'x')",
    " * \"quoted\" in a comment",
    "\"tokens\": {\"count\": 12, \"limit\": 4096}",
    "secret_key_ttl = 3600",
];

/// Path, text, what must be gone.
const FILES: &[(&str, &str, &str)] = &[
    ("/etc/postfix/sasl_passwd", "[h]:465 me:n0wYouSee\n", "n0wYouSee"),
    ("/etc/racoon/psk.txt", "h.example   n0wYouSee\n", "n0wYouSee"),
    ("/root/.rediscli_history", "info\nauth n0wYouSee\n", "n0wYouSee"),
    ("/var/lib/rabbitmq/.erlang.cookie", "NOWYOUSEE", "NOWYOUSEE"),
    ("/x/hosts.csv", "name,bmc_password\nh1,n0wYouSee\n", "n0wYouSee"),
    ("/tmp/dump.txt", "apiVersion: v1\ndata:\n  any: bjB3WW91U2Vl\nkind: Secret\n", "bjB3WW91U2Vl"),
];

#[test]
fn what_must_go_goes_and_the_rest_stays() {
    let files = FILES.iter().copied();
    for (path, text, secret) in GO.iter().map(|(text, secret)| ("/var/log/any", *text, *secret)).chain(files) {
        let out = redact(path, text);
        assert!(!out.contains(secret), "{text}\n{out}");
        let (before, after) = text.split_once(secret).expect("the secret is in the text");
        assert!(out.starts_with(before) && out.ends_with(after), "{text}\n{out}");
    }
}

#[test]
fn what_must_stay_stays() {
    for text in STAY {
        assert_eq!(redact("/var/log/any", text), *text);
    }
    let plain = "name,policy\nh1,strict\n";
    assert_eq!(redact("/x/hosts.csv", plain), plain);
}
