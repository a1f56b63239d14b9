/*
 * The console's body: what every pane needs.  A pane is a row of functions (struct pane); its state lives here, so that leaving and
 * coming back loses nothing.
 */
#ifndef TUI_APP_H
#define TUI_APP_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "core/binding.h"
#include "core/clock.h"
#include "tui/actions.h"
#include "tui/editor.h"
#include "tui/export.h"
#include "tui/form.h"
#include "tui/key.h"
#include "tui/link.h"
#include "tui/list.h"
#include "tui/palette.h"
#include "tui/prompt.h"
#include "tui/qr.h"
#include "tui/trace.h"
#include "tui/trunks.h"
#include "tui/why.h"

struct console;

struct pane {
	unsigned	 bit;			/* enum pane_bit */
	const char	*place;			/* in the breadcrumb; may be "" */
	const char	*(*what)(const struct console *);	/* and behind it: the record, or the group; NULL: none */
	void		(*open)(struct console *);	/* it comes on, or the link is back */
	void		(*close)(struct console *);	/* it goes off */
	void		(*paint)(struct console *);
	void		(*tick)(struct console *);	/* every second while the daemon is there; NULL */
	bool		(*act)(struct console *, const struct action_row *);	/* false: not mine */
	bool		(*key)(struct console *, int key);	/* before actions; NULL: none */
	struct list	*(*list)(struct console *);	/* its list, for the actions that all lists share; NULL: none */
};

extern const struct pane	pane_overview, pane_registered, pane_accounts, pane_account, pane_groups, pane_events, pane_form, pane_help,
    pane_profiles, pane_licences, pane_queue, pane_message, pane_trunks, pane_trunk, pane_trunk_setup, pane_trunk_test, pane_calls, pane_why,
    pane_qr, pane_rendered, pane_trace;

enum { HISTORY = 16, MESSAGE = 300 };

/* What a question was asked about: the record captured when the key was pressed, not the one under the cursor later. */
struct subject {
	const struct pane	*pane;		/* where it was asked */
	char			 noun[16], name[130], contact[CONTACT_MAX];
	char			 to[65];		/* of a message: whom it is for */
	bool			 enabled;
	const char		*done;		/* " is disabled": what to say of it then; NULL */
};

/* The link that is shown as a QR code, and whose it is. */
struct qr_seen {
	char		name[65], link[QR_TEXT], status[40];
	int64_t		until_ms;		/* of the wall's clock */
	struct qr	code;
	bool		asked;			/* for its account's status, and not answered yet */
};

struct console {
	struct link		 link;
	struct keys		 keys;
	const struct pane	*pane;
	const struct pane	*history[HISTORY];	/* where Esc goes back to */
	int			 n_history;
	const struct pane	*last;			/* where - goes */
	struct list		 registered, accounts, group_box, groups, profiles, licences, queue, events, recent,
				 waiting;		/* the last two on Overview */
	struct list		 trunks, trunk_setup, trunk_box, calls;
	struct trunk_seen	 trunk;
	struct trunk_test	 test;
	struct why		 why;
	struct trace_view	 trace;
	struct form		 form;
	struct prompt		 prompt;
	struct recall		 palette;		/* actions that were typed by name */
	struct export		 export;
	char			 account[65];		/* that the details show */
	json_t			*details;		/* its record, and its registrations */
	bool			 details_asked;		/* for them, and not answered yet */
	char			 queued_id[37];		/* of the message that the details show, or that is selected */
	json_t			*queued;		/* what the daemon answered of it last; NULL */
	bool			 queued_asked;		/* for it, and not answered yet */
	json_t			*status;		/* the daemon's counts */
	int			 box;			/* which box of Accounts has the cursor: 0 the groups */
	int64_t			 events_seen;		/* how many there were when Events was last looked at; -1: not yet known */
	int			 overview_box;		/* which of its lists has the cursor */
	bool			 box_all;		/* there it is on "(all)", above the groups */
	struct subject		 subject;		/* what a question is about */
	struct qr_seen		 qr;
	json_t			*rendered;		/* of a profile, as the daemon told it; NULL */
	int			 rendered_top;		/* its first line that is shown */
	const struct pane	*help_of;		/* the pane that Help was opened on */
	int			 help_at;		/* the entry under the cursor */
	char			 help_filter[64];
	char			 message[MESSAGE];
	bool			 message_bad;
	bool			 utc, ages, paused, quit, redraw;
	int64_t			 now_ms;		/* CLOCK_BOOTTIME of this turn */
	int64_t			 wall_ms;
	int64_t			 key_ms;		/* of the last key */
	bool			 wants_frame, urgent;	/* something changed; by a key */
};

/* Changing screens. */
void	console_go(struct console *, const struct pane *);	/* a place of its own: history begins anew */
void	console_enter(struct console *, const struct pane *);	/* deeper; Esc comes back */
void	console_back(struct console *);

/* A word at the foot, until the next key. */
void	console_say(struct console *, bool bad, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Asks for the counts that change all the time, which the daemon's watch does not tell. */
void	console_ask_status(struct console *);

/* Asks the daemon.  fn gets the reply; says so and returns false when there is no connection. */
bool	console_ask(struct console *, json_t *request, link_fn, void *arg);
/* The refusal in a reply, shown; true if it was one (or the connection was lost). */
bool	console_refused(struct console *, const json_t *reply);
bool	console_may_write(struct console *);	/* else it says why not */

/* "3m26": how long ago; "in 3m26": how long until. */
void	console_age(int64_t ms, char *buf, size_t size);

/* A stored time as this console shows it now: clock or age, local or UTC.  wide: with date and zone. */
const char *console_time(const struct console *, const char *rfc3339, bool wide, bool ms, char *buf, size_t size);

/* How long something takes, or lasts already: "2 d 03 h". */
void	console_span(int64_t ms, char *buf, size_t size);

/* A time as somebody types it, "14:01", in the zone that is shown; as RFC 3339 has it.  false: it is none. */
bool	console_time_typed(const struct console *, const char *text, char rfc3339[CLOCK_TEXT]);

/* The glyph and its style of a device status ("OK"); a blank for none. */
struct glyph {
	const char	*word, *glyph, *shown;	/* shown: the word as it stands on the screen */
	int		 style;			/* enum style */
};
const struct glyph *glyph_of(const char *word);

/* A JSON value of a row as text, safe for the screen. */
void	row_text(const struct console *, const json_t *row, const char *field, char *buf, size_t size);

#endif
