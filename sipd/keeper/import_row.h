/*
 * One row of an import: judged by the same rules as `account add` and `account set`, with all its faults, and staged.
 */
#ifndef SIPD_KEEPER_IMPORT_ROW_H
#define SIPD_KEEPER_IMPORT_ROW_H

#include <jansson.h>

#include "sipd/keeper/staged.h"

struct keeper;

struct import_row {
	struct staged	staged;
	bool		well;				/* no fault was told */
	bool		made_name;			/* its username was made here */
	char		password[ACCOUNT_PASSWORD];	/* made at random: to be told once; else empty */
};

/* field: "" where none is at fault.  Raw text from outside may be in both. */
typedef void	(*import_fault_fn)(void *arg, uint64_t line, const char *field, const char *text);

/* set: its fields by name. */
void	import_row_judge(struct import_row *, struct keeper *, uint64_t line, json_t *set, import_fault_fn, void *arg);

/* Adds what is to be staged: a row that is well, and in any case its names, so that each one that comes twice is told. */
void	import_row_stage(const struct import_row *, struct txn *, const struct db *);

/* What became of a staged row. */
enum import_result { IMPORT_ADDED, IMPORT_CHANGED, IMPORT_SAME, IMPORT_LOST, IMPORT_RESULTS };

/* Adds the change that the row stands for, and its end in the staging table.  LOST: it can't be made any more; why tells. */
enum import_result import_row_apply(struct staged *, struct keeper *, struct txn *, const char *operator, struct fault *why);

#endif
