/* mongo_audit_key.h - the rules about idempotency keys: each names what it has made, once.
 *
 * A key is written after the commit that used it, so what it names is there and stands, whatever
 * instances do meanwhile. Records of another hand, which say no operation, are left alone.
 *
 * Thread: the audit's.
 */
#pragma once

#include "store/mongo/mongo_audit_state.h"

MUST_USE enum error mongo_audit_key_judge_all(struct mongo_audit *audit);
