# Runs a program in a root that holds nothing but /proc, /sys, some logs, the program and its libraries.
# In: the folder to make the root in, a folder of logs, the program, its arguments. The namespace ends with this script.
set -eu
root=$1 logs=$2 program=$3
shift 3
mount -t tmpfs -o mode=755 none "$root" || exit 77
mkdir -p "$root/proc" "$root/sys" "$root/var/log" "$root/kept"
mount --rbind /proc "$root/proc"
mount --rbind /sys "$root/sys"
cp "$logs"/messages "$logs"/dmesg "$root/var/log/" 2>/dev/null || cp "$logs"/messages "$root/var/log/"
chown -R 0:0 "$root/var"
cp "$program" "$root/oediag"
ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
done
status=0
chroot "$root" /oediag "$@" >&2 || status=$?
# What it left is all that matters outside.
tar -cf - -C "$root/kept" .
exit "$status"
