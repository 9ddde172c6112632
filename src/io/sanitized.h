/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sanitized.h - whether this is a build under a sanitizer, whose runtime maps memory when it likes
 * and keeps terabytes of shadow: no filter of system calls and no fixed memory there, and whoever
 * leaves them out says so.
 */
#ifndef KURAMORI_IO_SANITIZED_H
#define KURAMORI_IO_SANITIZED_H

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IO_SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer) || \
    __has_feature(thread_sanitizer)
#define IO_SANITIZED true
#endif
#endif
#ifndef IO_SANITIZED
#define IO_SANITIZED false
#endif

#endif
