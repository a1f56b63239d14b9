/*
 * G.711: sixteen-bit samples as eight-bit codes, by mu-law (PCMU) and A-law (PCMA).
 */
#ifndef CORE_G711_H
#define CORE_G711_H

#include <stdint.h>

uint8_t	g711_ulaw(int16_t);
uint8_t	g711_alaw(int16_t);

#endif
