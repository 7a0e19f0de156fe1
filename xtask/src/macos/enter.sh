#!/bin/sh
# Runs a command inside the private root. Called in a mount namespace of its own, so that every mount below
# vanishes with the last process, however that ends.
# Arguments: ROOT CHECKOUT REGISTRY TOOLS COMMAND…
set -eu
root=$1 checkout=$2 registry=$3 tools=$4
shift 4
mkdir -p "$root/checkout" "$root/cargo/registry" "$root/tools" "$root/target" "$tools/target"
mount --bind "$checkout" "$root/checkout"
mount -o remount,bind,ro "$root/checkout"
mount --bind "$registry" "$root/cargo/registry"
mount --bind "$tools" "$root/tools"
mount --bind "$tools/target" "$root/target"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" sh /tools/inside.sh "$@"
