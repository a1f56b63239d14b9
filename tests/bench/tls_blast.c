/*
 * Connects by TLS again and again, one connection after the other in each of a few processes, and says what it did:
 *	tls_blast [-j JOBS] [-m MESSAGE_EVERY] [-1] PORT COUNT
 * Each MESSAGE_EVERY-th connection sends an OPTIONS and waits for an answer of any kind (0: none does).  -1: closes without a word.
 * Prints "COUNT connections, N failed, SECONDS s, RATE/s"; fails if any failed.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct job {
	uint16_t	port;
	long		count, message_every;
	bool		abrupt;
};

static const char	message[] = "OPTIONS sip:127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:9;branch=z9hG4bK%ld.%ld;rport\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:blast@127.0.0.1>;tag=1\r\nTo: <sip:127.0.0.1>\r\nCall-ID: %ld.%ld\r\nCSeq: 1 OPTIONS\r\n"
    "Content-Length: 0\r\n\r\n";

static int
connect_to(uint16_t port)
{
	struct sockaddr_in	to = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval		limit = { .tv_sec = 10 };
	int			fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
		return fd;
	close(fd);
	return -1;
}

static bool
talk(SSL *ssl, long n)
{
	char	text[1024];
	int	len = snprintf(text, sizeof text, message, (long)getpid(), n, (long)getpid(), n);

	return SSL_write(ssl, text, len) == len && SSL_read(ssl, text, sizeof text) > 0;
}

static bool
one(SSL_CTX *ctx, const struct job *j, long n)
{
	SSL	*ssl = SSL_new(ctx);
	int	 fd = connect_to(j->port);
	bool	 ok = ssl != NULL && fd >= 0 && SSL_set_fd(ssl, fd) == 1 && SSL_connect(ssl) == 1;

	if (ok && j->message_every > 0 && n % j->message_every == 0)
		ok = talk(ssl, n);
	if (ok && !j->abrupt)
		(void)SSL_shutdown(ssl);
	ERR_clear_error();
	SSL_free(ssl);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* Returns how many failed, as far as an exit status tells: 0, 1 to 254, or 255 for more. */
static int
run(const struct job *j)
{
	SSL_CTX	*ctx = SSL_CTX_new(TLS_client_method());
	long	 failed = 0;

	for (long n = 0; n < j->count; n++)
		failed += !one(ctx, j, n);
	SSL_CTX_free(ctx);
	return failed > 255 ? 255 : (int)failed;
}

static double
now(void)
{
	struct timespec	ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int
main(int argc, char **argv)
{
	struct job	j = { .message_every = 10 };
	long		jobs = 1, total, failed = 0;
	double		began = now();
	int		opt, status;

	while ((opt = getopt(argc, argv, "j:m:1")) != -1) {
		if (opt == 'j')
			jobs = atol(optarg);
		else if (opt == 'm')
			j.message_every = atol(optarg);
		else if (opt == '1')
			j.abrupt = true;
		else
			return 2;
	}
	if (argc - optind != 2 || jobs < 1)
		return 2;
	j.port = (uint16_t)atoi(argv[optind]);
	j.count = atol(argv[optind + 1]) / jobs;
	total = j.count * jobs;
	for (long i = 0; i < jobs; i++)
		if (fork() == 0)
			_exit(run(&j));
	while (wait(&status) > 0)
		failed += WIFEXITED(status) ? WEXITSTATUS(status) : j.count;
	printf("%ld connections, %ld failed, %.1f s, %.0f/s\n", total, failed, now() - began, (double)total / (now() - began));
	return failed > 0;
}
