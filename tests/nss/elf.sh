#!/bin/sh
# SPDX-License-Identifier: ISC
# What the module brings into every process: no library but libc, no symbols but its entry points.
set -u
so=nss/libnss_breakglass.so.2
map=${srcdir:-.}/nss/nss.map
bad=0

same() { # same WHAT EXPECTED GOT
    test "$2" = "$3" && return
    printf '%s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
    bad=1
}

readelf -dW "$so" >/dev/null || exit 77
if readelf -dW "$so" | grep -qE 'asan|ubsan' || nm -D "$so" | grep -q __asan; then
    echo "built with sanitizers: not the module that is shipped"
    exit 77
fi

needed=$(readelf -dW "$so" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' | grep -v '^ld-linux' | tr '\n' ' ')
same "libraries needed" "libc.so.6 " "$needed"
same "soname" "libnss_breakglass.so.2" "$(readelf -dW "$so" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p')"

want=$(for f in getpwnam_r getpwuid_r setpwent getpwent_r endpwent getgrnam_r getgrgid_r setgrent getgrent_r \
    endgrent initgroups_dyn getspnam_r setspent getspent_r endspent; do echo "_nss_breakglass_$f"; done | sort | tr '\n' ' ')
same "exported symbols" "$want" "$(nm -D --defined-only "$so" | sed 's/.* //' | sort | tr '\n' ' ')"
same "symbols in the map" "$want" "$(sed -n 's/^ *\(_nss_[a-z_]*\);.*/\1/p' "$map" | sort | tr '\n' ' ')"

# No heap but the one realloc, no environment, no sockets, no lookups, no processes, no locks, no waiting.
calls=$(nm -D --undefined-only "$so" | sed 's/.* //; s/@.*//' |
    grep -xE 'malloc|calloc|free|strdup|strndup|asprintf|fopen|getline|secure_getenv|getenv|socket|connect|poll|select|(clock_)?nano?sleep|sleep|flock|fcntl|get(pw|gr|sp|host|addr).*|fork|vfork|posix_spawn.*|exec.*|system|popen|pthread_.*|syslog|openlog|abort|exit|_exit|__assert_fail|dlopen|setlocale|write|unlink|rename' | tr '\n' ' ')
same "calls that the module must not make" "" "$calls"
same "mutable globals" "" "$(nm "$so" | grep -E ' [bBdDcCsSgG] ' | sed 's/.* //' |
    grep -vxE 'completed\.[0-9]*|__dso_handle|_DYNAMIC|_GLOBAL_OFFSET_TABLE_|__TMC_END__|__(frame_dummy_init|do_global_dtors_aux_fini)_array_entry|_?_bss_start|_?edata|_?end' | tr '\n' ' ')"
same "text relocations" "" "$(readelf -dW "$so" | grep TEXTREL)"
same "an executable stack" "" "$(readelf -lW "$so" | grep GNU_STACK | grep RWE)"
exit $bad
