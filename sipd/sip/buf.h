/*
 * Text of messages that we write, into the caller's buffer.  Nothing that was said by others can begin a line in it.
 */
#ifndef SIPD_SIP_BUF_H
#define SIPD_SIP_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/addr.h"
#include "core/span.h"
#include "sipd/sip/sofia.h"

/* Once something did not fit, overflow stays true and nothing is to be sent. */
struct text_buf {
	char	*s;
	size_t	 n, size;
	bool	 overflow;
};

void	buf_add(struct text_buf *, const char *);
void	buf_num(struct text_buf *, uint32_t);
void	buf_hex(struct text_buf *, const uint8_t *, size_t n);
void	buf_ip(struct text_buf *, const struct addr *);		/* without a port */
void	buf_bytes(struct text_buf *, const char *, size_t n);	/* as they are: our own, or a body */
void	buf_span(struct text_buf *, struct span);		/* line ends and NULs become blanks */
/* A header's line as it was sent, unfolded, under that name ("From:"); libsofia's own writing of it where that is not there. */
void	buf_header(struct text_buf *, const char *name, const msg_common_t *);
/* As libsofia writes them: a header's line, what stands behind its name, a URI. */
void	buf_line(struct text_buf *, const msg_header_t *);
void	buf_value(struct text_buf *, const msg_header_t *);
void	buf_url(struct text_buf *, const url_t *);

#endif
