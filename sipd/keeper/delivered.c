#include "sipd/keeper/delivered.h"

#include <time.h>

#include "db/table.h"
#include "sipd/keeper/keeper.h"

/* Two counts of the store: of which day the other is, and how many. */
static const char	day_counter[] = "delivered/day", today_counter[] = "delivered/today";

/* 20261121 */
static uint64_t
day_of(int64_t at_ms)
{
	time_t		t = (time_t)(at_ms / 1000);
	struct tm	tm;

	if (localtime_r(&t, &tm) == NULL)
		return 0;
	return (uint64_t)((tm.tm_year + 1900) * 10000 + (tm.tm_mon + 1) * 100 + tm.tm_mday);
}

void
delivered_count(struct keeper *k, struct txn *t)
{
	uint64_t	day = day_of(keeper_now(k)), was = count_get(&k->db, day_counter);

	if (day != was) {
		count_add(t, &k->db, day_counter, (int64_t)day - (int64_t)was);
		count_add(t, &k->db, today_counter, -(int64_t)count_get(&k->db, today_counter));
	}
	count_add(t, &k->db, today_counter, 1);
}

void
delivered_note(struct delivered *d, struct keeper *k)
{
	d->since_start++;
	rate_add(&d->minutes, keeper_now(k), 1);
}

uint64_t
delivered_today(struct keeper *k)
{
	return count_get(&k->db, day_counter) == day_of(keeper_now(k)) ? count_get(&k->db, today_counter) : 0;
}
