/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bare.c - libmicrohttpd alone, as the bound of what kuramorid answers over HTTP.
 *
 *   bench_bare
 *
 * Prints the port and answers every POST on the loopback with 200, the headers and as many bytes as
 * a transfer is answered with, without looking at it, until it is killed (bench/books/measure.py).
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

static enum MHD_Result on_access(void *ctx, struct MHD_Connection *connection, const char *url,
				 const char *method, const char *version, const char *data,
				 size_t *data_n, void **own)
{
	static char answer[] = "{\"transfers\":[{\"id\":\"00000000-0000-7000-8000-000000000000\","
			       "\"result\":\"done\"}]}";
	static int begun;
	struct MHD_Response *r;
	enum MHD_Result result;

	(void)ctx;
	(void)url;
	(void)method;
	(void)version;
	(void)data;
	if (*own == NULL || *data_n > 0) {
		*own = &begun;
		*data_n = 0;
		return MHD_YES;
	}
	r = MHD_create_response_from_buffer(sizeof answer - 1, answer, MHD_RESPMEM_PERSISTENT);
	if (r == NULL ||
	    MHD_add_response_header(r, "Content-Type", "application/json") != MHD_YES ||
	    MHD_add_response_header(r, "Cache-Control", "no-store") != MHD_YES ||
	    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff") != MHD_YES) {
		return MHD_NO;
	}
	result = MHD_queue_response(connection, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return result;
}

int main(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET };
	const union MHD_DaemonInfo *info;
	struct MHD_Daemon *d;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	d = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_access, NULL, MHD_OPTION_SOCK_ADDR,
			     &at, MHD_OPTION_END);
	info = d == NULL ? NULL : MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);
	if (info == NULL || printf("%u\n", (unsigned)info->port) < 0 || fflush(stdout) != 0) {
		(void)fprintf(stderr, "bench_bare: libmicrohttpd does not start\n");
		return 1;
	}
	while (MHD_run_wait(d, -1) == MHD_YES) {
	}
	return 1;
}
