/*
 * The daemon's control socket as the command line and the console use it: requests and replies of
 * wirechief-protocol(7), one JSON object a line.  The descriptor is non-blocking; the console polls it.
 */
#ifndef TUI_CLIENT_H
#define TUI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct client;

enum { CLIENT_WHY = 256 };

/* -s, else $WIRECHIEF_SOCKET, else CONTROL_SOCKET. */
const char *client_path(const char *option);

/* Connects.  NULL with why: no daemon there, not allowed to connect. */
struct client *client_open(const char *path, char why[CLIENT_WHY]);
void	client_close(struct client *);
int	client_fd(const struct client *);
bool	client_wants_write(const struct client *);

/*
 * Queues a request and sends what goes; adds "id" and returns it.  Takes request.  Negative when the
 * connection is gone.
 */
int	client_send(struct client *, json_t *request);
int	client_flush(struct client *);		/* when writable; 0 or negative */

/*
 * The next message that has come, to be released: 1; 0 when there is none yet; negative when the
 * connection is gone, with client_why() for a person.
 */
int	client_next(struct client *, json_t **message);
const char *client_why(const struct client *);

/*
 * The same without JSON where the message is a line of data for this request, which JSON takes too long for: 1 with the base64
 * borrowed until the next call, or with *message and *data NULL.
 */
int	client_next_data(struct client *, int id, json_t **message, const char **data, size_t *n);

/*
 * The daemon's first line, checked for its protocol: 1, 0 not yet, negative with client_why().
 * Borrowed.
 */
int	client_greeting(struct client *, json_t **greeting);

/*
 * The same two for who has nothing else to do: they block until there is one.  1, or negative with
 * client_why().
 */
int	client_wait_greeting(struct client *, json_t **greeting);
/* reader: the descriptor that the answer is written to; -ECANCELED once nobody reads there any more. */
int	client_wait(struct client *, int reader, json_t **message);

#endif
