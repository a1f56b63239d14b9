/*
 * What it takes to end a call, as a text that the keeper keeps: lines, for each side how far it has counted, where it is (token.h), its
 * Contact, Routes, and From.
 */
#ifndef SIPD_SIP_DIALOG_TEXT_H
#define SIPD_SIP_DIALOG_TEXT_H

#include <stdbool.h>

#include "sipd/sip/buf.h"
#include "sipd/sip/dialog.h"
#include "sipd/sip/token.h"

void	dialog_text_make(struct text_buf *, const uint8_t key[TOKEN_KEY], const struct dialog_sides *);
/* Spans are borrowed from text and call_id.  false: it is none, or not of this call. */
bool	dialog_text_read(struct span text, const uint8_t key[TOKEN_KEY], struct span call_id, struct dialog_sides *);

#endif
