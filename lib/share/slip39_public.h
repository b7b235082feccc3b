/* The one door through which a value that depends on secrets becomes public, such as "this digest fits". */
#ifndef BG_SHARE_SLIP39_PUBLIC_H
#define BG_SHARE_SLIP39_PUBLIC_H

#include <stdint.h>

/*
 * Hands v back. In a file of its own so that the constant-time test can put its own in place, which tells
 * valgrind that v may be branched on; every other object under test is then the one that is installed.
 */
uint32_t slip39_public(uint32_t v);

#endif
