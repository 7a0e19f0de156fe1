#!/bin/sh
# Debian's `ar` writes no index of Mach-O objects; zig's does.
exec /tools/zig/ziglang/zig ar "$@"
