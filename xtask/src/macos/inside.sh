#!/bin/sh
# The first program inside the private root: sets the whole environment (nothing of the caller's arrives here, so that
# the check gives the same answer for everyone) and becomes the given command.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root CARGO_HOME=/cargo CARGO_TARGET_DIR=/target

# Allows -Zbuild-std in a stable compiler, which is sound here: compiler and source are of one version.
export RUSTC_BOOTSTRAP=1

# Without debug information it compiles faster; stripping would ask for a program of Apple's.
export CARGO_PROFILE_DEV_DEBUG=0 CARGO_PROFILE_DEV_STRIP=none

# Unknown symbols are left to the system that loads the program; stubs stand for its libraries.
export CC_aarch64_apple_darwin=/tools/bin/apple-cc AR_aarch64_apple_darwin=/tools/bin/apple-ar
export CARGO_TARGET_AARCH64_APPLE_DARWIN_LINKER=/tools/bin/apple-cc
export CARGO_TARGET_AARCH64_APPLE_DARWIN_RUSTFLAGS="-Clink-arg=-Wl,-undefined,dynamic_lookup \
-Lnative=/tools/sdk/usr/lib -Lframework=/tools/sdk/System/Library/Frameworks"
export SDKROOT=/tools/sdk ZIG_GLOBAL_CACHE_DIR=/target/zig ZIG_LOCAL_CACHE_DIR=/target/zig

cd /checkout
exec "$@"
