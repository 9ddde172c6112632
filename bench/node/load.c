/* SPDX-License-Identifier: Apache-2.0 */
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <microhttpd.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/hex.h"
#include "chain/nem/nem_fee.h"
#include "chain/nem/nem_network.h"
#include "chain/nem/nem_tx.h"
#include "crypto/keccak.h"

enum { ANSWER_MAX = 65536, GRANT_MICRO = 100000000, KEY_NEMESIS = 1, KEY_HARVESTER = 2 };

void load_die(const char *what)
{
	(void)fprintf(stderr, "bench_node: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* ---- transfers ---- */

/* Throw-away keys: the digest of a kind and a number. */
static struct hash32 digest(uint32_t kind, uint32_t number)
{
	uint8_t raw[8];
	struct hash32 h;

	le32_put(raw, kind);
	le32_put(raw + 4, number);
	keccak256(&h, bytes_of(raw, sizeof raw));
	return h;
}

static const struct edk_secret *sender(size_t i)
{
	static struct edk_secret keys[LOAD_SENDERS];
	static bool made;

	for (uint32_t k = 0; !made && k < LOAD_SENDERS; k++) {
		struct hash32 seed = digest(3, k);

		edk_secret_from_nem(&keys[k], seed.b);
	}
	made = true;
	return &keys[i % LOAD_SENDERS];
}

void load_grants(struct nis_grant grants[LOAD_SENDERS])
{
	for (size_t i = 0; i < LOAD_SENDERS; i++) {
		nem_address_from_key(&grants[i].to, &sender(i)->public_key, NEM_NETWORK_TEST);
		grants[i].amount = GRANT_MICRO * UINT64_C(1000000);
	}
}

struct nis *load_chain(void)
{
	struct nis_grant grants[LOAD_SENDERS];
	struct nis_config config = { .network = NEM_NETWORK_TEST,
				     .pools = 2,
				     .retention_s = NIS_RETENTION_S,
				     .result_cache = true };
	struct nis_nemesis nemesis = { .time_s = LOAD_START, .grants = grants, .n = LOAD_SENDERS };
	struct hash32 a = digest(KEY_NEMESIS, 0), b = digest(KEY_HARVESTER, 0);
	struct nis *n;

	memcpy(nemesis.key, a.b, sizeof nemesis.key);
	memcpy(config.harvester, b.b, sizeof config.harvester);
	load_grants(grants);
	if (nis_open(&n, &config, &nemesis) != ERR_OK) {
		load_die("nis_open");
	}
	return n;
}

void load_make(struct load_tx *out, size_t n, size_t first, uint32_t time_s, size_t recipients)
{
	static struct nem_tx tx;

	for (size_t i = 0; i < n; i++) {
		const struct edk_secret *key = sender(first + i);
		struct hash32 to = digest(4, (uint32_t)((first + i) % recipients));
		struct key32 to_key;
		struct writer w = writer_make(out[i].data, LOAD_BYTES);

		memcpy(to_key.b, to.b, sizeof to_key.b);
		tx = (struct nem_tx){ .type = NEM_TRANSFER };
		tx.head = (struct nem_header){ .network = NEM_NETWORK_TEST,
					       .version = 1,
					       .time_nem_s = time_s,
					       .deadline_nem_s = time_s + LOAD_DEADLINE_S,
					       .signer = key->public_key };
		nem_address_from_key(&tx.transfer.recipient, &to_key, NEM_NETWORK_TEST);
		tx.transfer.amount_micro = first + i + 1;
		tx.head.fee_micro = nem_fee_minimum(&tx);
		nem_tx_encode(&w, &tx, NEM_SIGNING);
		if (w.bad || w.n != LOAD_BYTES) {
			load_die("a transfer has another size");
		}
		edk_sign(&out[i].signature, key, bytes_of(out[i].data, LOAD_BYTES));
		out[i].signer = key->public_key;
	}
}

size_t load_request(char out[LOAD_REQUEST_MAX], const struct load_tx *tx)
{
	char data[2 * LOAD_BYTES + 1], signature[129];
	int n;

	hex_put(data, bytes_of(tx->data, sizeof tx->data));
	hex_put(signature, bytes_of(tx->signature.b, sizeof tx->signature.b));
	n = snprintf(out, LOAD_REQUEST_MAX,
		     "POST /transaction/announce HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		     "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n"
		     "{\"data\":\"%s\",\"signature\":\"%s\"}",
		     strlen("{\"data\":\"\",\"signature\":\"\"}") + strlen(data) +
			 strlen(signature),
		     data, signature);
	return n > 0 && n < LOAD_REQUEST_MAX ? (size_t)n : 0;
}

/* ---- processes ---- */

void load_processors(unsigned *measured, unsigned *measuring)
{
	cpu_set_t set;
	unsigned found[2] = { 0, 0 }, n = 0;

	if (sched_getaffinity(0, sizeof set, &set) != 0) {
		load_die("sched_getaffinity");
	}
	for (unsigned i = 0; i < CPU_SETSIZE && n < 2; i++) {
		if (CPU_ISSET(i, &set)) {
			found[n++] = i;
		}
	}
	*measured = found[0];
	*measuring = n > 1 ? found[1] : found[0];
}

void load_pin(pid_t pid, unsigned processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	if (sched_setaffinity(pid, sizeof set, &set) != 0) {
		load_die("sched_setaffinity");
	}
}

static pid_t child(unsigned processor, int out[2])
{
	pid_t pid;

	if (pipe(out) != 0) {
		load_die("pipe");
	}
	(void)fflush(stdout);
	pid = fork();
	if (pid < 0) {
		load_die("fork");
	}
	if (pid == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) {
			load_die("prctl");
		}
		load_pin(0, processor);
		(void)close(out[0]);
		return 0;
	}
	(void)close(out[1]);
	return pid;
}

/* A file of the node, mode 0600. */
static void put_file(const char *folder, const char *name, const char *text)
{
	char path[256];
	int fd;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd) != 0) {
		load_die(path);
	}
}

static const char *const files[] = { "nemesis", "nemesis.key", "harvester.key" };

static void put_files(const char *folder)
{
	static char text[LOAD_SENDERS * 80];
	struct nis_grant grants[LOAD_SENDERS];
	size_t n = 0;

	load_grants(grants);
	for (size_t i = 0; i < LOAD_SENDERS; i++) {
		n += (size_t)snprintf(text + n, sizeof text - n, "%s %llu\n", grants[i].to.text,
				      (unsigned long long)grants[i].amount);
	}
	put_file(folder, files[0], text);
	for (uint32_t i = 0; i < 2; i++) {
		struct hash32 key = digest(i == 0 ? KEY_NEMESIS : KEY_HARVESTER, 0);

		hex_put(text, bytes_of(key.b, sizeof key.b));
		put_file(folder, files[1 + i], text);
	}
}

struct load_process load_node(const char *program, unsigned processor)
{
	char folder[] = "/tmp/bench-node-XXXXXX", path[3][64], start[16], line[256];
	const char *port;
	struct load_process p = { .pid = 0 };
	int out[2];
	ssize_t n;

	if (mkdtemp(folder) == NULL) {
		load_die("mkdtemp");
	}
	put_files(folder);
	for (size_t i = 0; i < 3; i++) {
		(void)snprintf(path[i], sizeof path[i], "%s/%s", folder, files[i]);
	}
	(void)snprintf(start, sizeof start, "%d", LOAD_START);
	p.pid = child(processor, out);
	if (p.pid == 0) {
		(void)dup2(out[1], STDOUT_FILENO);
		(void)execl(program, program, "--json", "--development", "yes", "--public-port",
			    "0", "--clean-port", "0", "--websocket-port", "0", "--nemesis-time",
			    start, "--nemesis-file", path[0], "--nemesis-key-file", path[1],
			    "--harvester-key-file", path[2], (char *)NULL);
		load_die(program);
	}
	n = read(out[0], line, sizeof line - 1);
	(void)close(out[0]);
	line[n > 0 ? n : 0] = '\0';
	port = strstr(line, "\"public_port\":");
	if (port == NULL) {
		load_die("the node does not start");
	}
	p.port = (uint16_t)strtoul(port + strlen("\"public_port\":"), NULL, 10);
	for (size_t i = 0; i < 3; i++) {
		(void)unlink(path[i]);
	}
	(void)rmdir(folder);
	return p;
}

static enum MHD_Result on_echo(void *ctx, struct MHD_Connection *connection, const char *url,
			       const char *method, const char *version, const char *data,
			       size_t *data_n, void **own)
{
	static char answer[] =
	    "{\"innerTransactionHash\":{},\"code\":1,\"type\":1,\"message\":\"SUCCESS\","
	    "\"transactionHash\":{\"data\":"
	    "\"0000000000000000000000000000000000000000000000000000000000000000\"}}\r\n";
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
	    MHD_add_response_header(r, "Content-Type", "application/json") != MHD_YES) {
		return MHD_NO;
	}
	result = MHD_queue_response(connection, MHD_HTTP_OK, r);
	MHD_destroy_response(r);
	return result;
}

struct load_process load_echo(unsigned processor)
{
	struct load_process p = { .pid = 0 };
	int out[2];

	p.pid = child(processor, out);
	if (p.pid == 0) {
		struct MHD_Daemon *d =
		    MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_echo, NULL, MHD_OPTION_END);
		const union MHD_DaemonInfo *info =
		    d == NULL ? NULL : MHD_get_daemon_info(d, MHD_DAEMON_INFO_BIND_PORT);

		if (info == NULL || write(out[1], &info->port, sizeof info->port) < 0) {
			load_die("libmicrohttpd");
		}
		while (MHD_run_wait(d, -1) == MHD_YES) {
		}
		load_die("libmicrohttpd");
	}
	if (read(out[0], &p.port, sizeof p.port) != (ssize_t)sizeof p.port) {
		load_die("the echo does not start");
	}
	(void)close(out[0]);
	return p;
}

void load_end(const struct load_process *p)
{
	(void)kill(p->pid, SIGKILL);
	(void)waitpid(p->pid, NULL, 0);
}

uint64_t load_cpu_ns(const struct load_process *p)
{
	clockid_t clock;
	struct timespec t;

	if (clock_getcpuclockid(p->pid, &clock) != 0 || clock_gettime(clock, &t) != 0) {
		load_die("the clock of a process");
	}
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint64_t load_peak_kib(const struct load_process *p)
{
	char path[64], line[256];
	unsigned long long kib = 0;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)p->pid);
	f = fopen(path, "re");
	while (f != NULL && fgets(line, sizeof line, f) != NULL) {
		if (strncmp(line, "VmHWM:", 6) == 0) {
			kib = strtoull(line + 6, NULL, 10);
		}
	}
	if (f == NULL || fclose(f) != 0 || kib == 0) {
		load_die(path);
	}
	return kib;
}

/* ---- connections ---- */

struct load_client load_connect(uint16_t port, size_t connections)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_port = htons(port),
				 .sin_addr = { .s_addr = htonl(INADDR_LOOPBACK) } };
	struct load_client c = { .n = connections };
	int on = 1;

	for (size_t i = 0; i < connections; i++) {
		c.fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (c.fd[i] < 0 || connect(c.fd[i], (const struct sockaddr *)&a, sizeof a) != 0 ||
		    setsockopt(c.fd[i], IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0) {
			load_die("connect");
		}
	}
	return c;
}

void load_disconnect(struct load_client *c)
{
	for (size_t i = 0; i < c->n; i++) {
		(void)close(c->fd[i]);
	}
	c->n = 0;
}

static void send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done <= 0) {
			load_die("send");
		}
		p += done;
		n -= (size_t)done;
	}
}

/*
 * A whole answer, which must be a 200; its body in *body, ended by a NUL, as far as it has room:
 * the rest is read and forgotten.  Returns the bytes of the body.
 */
static size_t receive(int fd, char buffer[ANSWER_MAX], const char **body)
{
	size_t n = 0, want = 0, head = 0, forgotten = 0;

	*body = NULL;
	while (want == 0 || n + forgotten < want) {
		bool full = n == ANSWER_MAX - 1;
		static char rest[ANSWER_MAX];
		ssize_t got =
		    recv(fd, full ? rest : buffer + n, full ? sizeof rest : ANSWER_MAX - 1 - n, 0);
		const char *end, *length;

		if (got <= 0 || (full && want == 0)) {
			load_die("recv");
		}
		if (want > 0) {
			*(full ? &forgotten : &n) += (size_t)got;
			continue;
		}
		n += (size_t)got;
		buffer[n] = '\0';
		end = strstr(buffer, "\r\n\r\n");
		length = strcasestr(buffer, "\r\nContent-Length:");
		if (end != NULL && length != NULL && length < end) {
			*body = end + 4;
			head = (size_t)(*body - buffer);
			want = head + strtoul(length + 17, NULL, 10);
		}
	}
	buffer[n] = '\0';
	if (strncmp(buffer, "HTTP/1.1 200", 12) != 0) {
		(void)fprintf(stderr, "%s\n", buffer);
		load_die("an answer is not 200");
	}
	return want - head;
}

void load_send(struct load_client *c, const struct load_tx *txs, size_t n, const char *expected)
{
	static char buffer[ANSWER_MAX];
	struct pollfd wait[LOAD_CONNECTIONS_MAX];
	size_t sent = 0, answered = 0;

	for (size_t i = 0; i < c->n; i++) {
		wait[i] = (struct pollfd){ .fd = c->fd[i], .events = POLLIN };
	}
	for (size_t i = 0; i < c->n && sent < n; i++) {
		char request[LOAD_REQUEST_MAX];
		size_t bytes = load_request(request, &txs[sent++]);

		send_all(c->fd[i], request, bytes);
	}
	while (answered < n) {
		if (poll(wait, (nfds_t)c->n, -1) < 0) {
			load_die("poll");
		}
		for (size_t i = 0; i < c->n; i++) {
			const char *body;

			if (wait[i].revents == 0) {
				continue;
			}
			(void)receive(c->fd[i], buffer, &body);
			answered++;
			if (strstr(body, expected) == NULL) {
				(void)fprintf(stderr, "%s\n", body);
				load_die("an answer is not the expected one");
			}
			if (sent < n) {
				char request[LOAD_REQUEST_MAX];
				size_t bytes = load_request(request, &txs[sent++]);

				send_all(c->fd[i], request, bytes);
			}
		}
	}
}

const char *load_post(struct load_client *c, const char *path, const char *json, size_t *bytes)
{
	static char buffer[ANSWER_MAX];
	char request[LOAD_REQUEST_MAX];
	const char *body;
	int n = snprintf(request, sizeof request,
			 "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
			 "Content-Length: %zu\r\n\r\n%s",
			 path, strlen(json), json);

	if (n <= 0 || (size_t)n >= sizeof request) {
		load_die("a request is too long");
	}
	send_all(c->fd[0], request, (size_t)n);
	*bytes = receive(c->fd[0], buffer, &body);
	return body;
}
