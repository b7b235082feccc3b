# SPDX-License-Identifier: ISC
# BG_SYSTEMD_DIRS: where systemd's units, users and directories are installed; HAVE_SYSTEMD: they are.
# HAVE_UNITS: the units that every build has are.
# An option says where, or systemd's pkg-config file. On some systems that file is in a package of its own (Debian 13:
# systemd-dev): where systemd is installed without it, the directories are those that every systemd reads.
AC_DEFUN([BG_SYSTEMD_DIRS], [
AC_ARG_WITH([systemdsystemunitdir], [AS_HELP_STRING([--with-systemdsystemunitdir=DIR],
  [systemd units, "no" for none @<:@as systemd.pc says, or /usr/lib/systemd/system@:>@])])
AC_ARG_WITH([sysusersdir], [AS_HELP_STRING([--with-sysusersdir=DIR],
  [sysusers.d @<:@as systemd.pc says, or /usr/lib/sysusers.d@:>@])])
AC_ARG_WITH([tmpfilesdir], [AS_HELP_STRING([--with-tmpfilesdir=DIR],
  [tmpfiles.d @<:@as systemd.pc says, or /usr/lib/tmpfiles.d@:>@])])
# what this machine has says nothing about another one that the programs are for
bg_systemd=
AS_IF([test "$cross_compiling" != yes],
  [for bg_dir in /lib/systemd /usr/lib/systemd; do
     AS_IF([test -x "$bg_dir/systemd"], [bg_systemd=$bg_dir])
   done])
_BG_SYSTEMD_DIR([systemdsystemunitdir], [$bg_systemd/system])
_BG_SYSTEMD_DIR([sysusersdir], [/usr/lib/sysusers.d])
_BG_SYSTEMD_DIR([tmpfilesdir], [/usr/lib/tmpfiles.d])
# without the alarm service the units are only those for switches and routers, which need no user and no directories
AS_CASE([$enable_alert:$with_systemdsystemunitdir],
  [*:no], [with_systemdsystemunitdir=],
  [no:*], [],
  [*:], [_BG_SYSTEMD_NONE],
  [AS_IF([test -z "$with_sysusersdir" || test -z "$with_tmpfilesdir"],
    [AC_MSG_ERROR([--with-systemdsystemunitdir needs --with-sysusersdir and --with-tmpfilesdir here: no systemd.pc names them])])])
AC_SUBST([systemdsystemunitdir], [$with_systemdsystemunitdir])
AC_SUBST([sysusersdir], [$with_sysusersdir])
AC_SUBST([tmpfilesdir], [$with_tmpfilesdir])
AM_CONDITIONAL([HAVE_SYSTEMD], [test "$enable_alert" != no && test -n "$with_systemdsystemunitdir"])
AM_CONDITIONAL([HAVE_UNITS], [test -n "$with_systemdsystemunitdir"])
AS_IF([test -n "$with_systemdsystemunitdir"],
  [AC_DEFINE([BG_WITH_UNITS], [1], [systemd units are installed])],
  [AC_DEFINE([BG_WITH_UNITS], [0], [systemd units are installed])])
])

# _BG_SYSTEMD_DIR(NAME, DIRECTORY): without --with-NAME it is as systemd.pc says, or DIRECTORY where systemd is installed.
AC_DEFUN([_BG_SYSTEMD_DIR], [
AS_IF([test "${with_$1+set}" != set],
  [with_$1=`$PKG_CONFIG --variable=$1 systemd 2>/dev/null`
   AS_IF([test -z "$with_$1" && test -n "$bg_systemd"], [with_$1=$2])])
])

# Never without a word: a host that boots with systemd would have no alarm service.
AC_DEFUN([_BG_SYSTEMD_NONE], [
AS_IF([test "$cross_compiling" != yes && test -d /run/systemd/system],
  [AC_MSG_ERROR([systemd runs here, but nothing says where its units belong: install systemd.pc (Debian: systemd-dev), or say
  --with-systemdsystemunitdir=DIR --with-sysusersdir=DIR --with-tmpfilesdir=DIR, or --with-systemdsystemunitdir=no])])
AC_MSG_WARN([no systemd.pc and no systemd here: its units are not installed unless --with-systemdsystemunitdir says where])
])
