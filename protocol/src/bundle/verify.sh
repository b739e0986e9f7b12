# Verifies one oediag bundle with nothing but a POSIX shell, ssh-keygen (OpenSSH 8.2 or newer), sha256sum and tar.
# Use:    sh verify.sh NAME HOST_ID
# Needs in the current folder:  allowed_signers  NAME.tar.gz  NAME.tar.gz.sig;  unpacks into the folder NAME.
# Exit status 0: every byte is what the host signed. Anything else: do not trust the bundle.
LC_ALL=C
export LC_ALL
N=$1
HOST_ID=$2
fail() {
    echo "verify.sh: $*" >&2
    exit 1
}
[ -n "$N" ] && [ -n "$HOST_ID" ] || fail "use: sh verify.sh NAME HOST_ID"
[ ! -e "$N" ] || fail "$N exists already; move it away first"

# 1. The whole file, before anything is unpacked.
ssh-keygen -Y verify -f allowed_signers -I "$HOST_ID" -n oediag-file-v1 -s "$N.tar.gz.sig" < "$N.tar.gz" ||
    fail "the signature over $N.tar.gz is not valid"

# 2. Plain files only, each name once, all in the folder NAME.
tar -tvzf "$N.tar.gz" | grep -v '^-rw------- 0/0 ' && fail "$N.tar.gz holds something else than plain files"
tar -tzf "$N.tar.gz" | grep -v "^$N/" && fail "$N.tar.gz holds a file outside of $N"
[ -z "$(tar -tzf "$N.tar.gz" | sort | uniq -d)" ] || fail "$N.tar.gz holds a name twice"
tar -xzf "$N.tar.gz" --no-same-owner --no-same-permissions && cd "$N" || fail "cannot unpack $N.tar.gz"

# 3. The list of digests, and every file against it.
ssh-keygen -Y verify -f ../allowed_signers -I "$HOST_ID" -n oediag-bundle-v1 -s SHA256SUMS.sig < SHA256SUMS ||
    fail "the signature over SHA256SUMS is not valid"
sha256sum --quiet --strict -c SHA256SUMS || fail "a file is not what SHA256SUMS says"

# 4. No file that SHA256SUMS does not name: sha256sum does not notice added ones.
DIFFERENT=$({
    cut -c67- SHA256SUMS
    find . ! -type d | sed 's|^\./||' | grep -vxF -e SHA256SUMS -e SHA256SUMS.sig
} | sort | uniq -u)
[ -z "$DIFFERENT" ] || fail "files and SHA256SUMS differ: $DIFFERENT"
echo "verify.sh: $N is whole and signed by $HOST_ID"
