/* SPDX-License-Identifier: ISC */
/* SANITIZED is 1 in a build with AddressSanitizer: mlockall does nothing there, more is mapped than any limit
 * allows, and variables live where no search of the stack finds them. */
#ifndef BG_BASE_SANITIZED_H
#define BG_BASE_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

#endif
