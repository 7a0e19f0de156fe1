#!/bin/sh
# Apple's clang, as rustc and build scripts call it, on top of zig's: drops the options that zig spells otherwise.
remaining=$#
skip_value=
while [ "$remaining" -gt 0 ]; do
    argument=$1
    shift
    remaining=$((remaining - 1))
    if [ -n "$skip_value" ]; then
        skip_value=
        continue
    fi
    case $argument in
    -arch | -target) skip_value=yes ;;
    -mmacosx-version-min=* | -gfull | --target=*) ;;
    *) set -- "$@" "$argument" ;;
    esac
done
exec /tools/zig/ziglang/zig cc -target aarch64-macos "$@"
