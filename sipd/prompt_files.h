/*
 * Announcements as files: FOLDER/LANGUAGE/NAME.wav, and whatever else libsndfile reads under that name, of any rate and number of channels.
 */
#ifndef SIPD_PROMPT_FILES_H
#define SIPD_PROMPT_FILES_H

#include <stddef.h>

/*
 * Reads all of a folder into a sealed memfd for prompts_new(); it is the caller's to close.  0, or a negative code with why = "FILE: what is
 * wrong with it".  language must be among them.
 */
int	prompt_files_load(const char *folder, const char *language, int *memfd, char *why, size_t size);

#endif
