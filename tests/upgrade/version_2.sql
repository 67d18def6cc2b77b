BEGIN TRANSACTION;
CREATE TABLE block(
  -- Seats that staff keep from sale; a released one stays on record.
  number INTEGER PRIMARY KEY, -- the public id is made as a booking's is
  showtime INTEGER NOT NULL REFERENCES showtime(number),
  seats TEXT NOT NULL, -- JSON, in the order given: ["A1",...]
  reason TEXT NOT NULL,
  created_by TEXT NOT NULL, -- a user of the staff
  created_at INTEGER NOT NULL,
  released_at INTEGER
) STRICT;
INSERT INTO "block" VALUES(5992963768321,1,'["J1","J2"]','sound desk','staff-1',1795512570060,NULL);
INSERT INTO "block" VALUES(5992963768322,1,'["J3"]','sound desk','staff-1',1795512570064,1795512570071);
CREATE TABLE booking(
  -- The public id is the number in 12 hex digits and 12 more of its seal (see setting
  -- id_key); numbers that a refused hold drew stay unused.
  number INTEGER PRIMARY KEY,
  showtime INTEGER NOT NULL REFERENCES showtime(number),
  user TEXT NOT NULL,
  code TEXT NOT NULL, -- BK-XXXXXXXX, made from the number with the key
  status TEXT NOT NULL CHECK(status IN ('pending', 'confirmed', 'cancelled', 'expired')),
  seats TEXT NOT NULL, -- JSON, in the order asked: [["A1","standard",100000],...]
  total INTEGER NOT NULL,
  discount INTEGER NOT NULL,
  final INTEGER NOT NULL, -- total - discount
  held_at INTEGER NOT NULL,
  first_expires_at INTEGER NOT NULL, -- what the hold was answered
  hold_expires_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  confirmed_at INTEGER,
  cancelled_at INTEGER,
  cancellation_reason TEXT,
  active_payment INTEGER, -- the payment that may still be paid
  payment INTEGER, -- the payment that bought the seats
  had_payment INTEGER NOT NULL -- 0 or 1: the first payment extends the hold, once
) STRICT;
INSERT INTO "booking" VALUES(91445368001,1,'user-late','BK-MC0S5WQA','expired','[["A1","standard",100000]]',100000,0,100000,1795512568919,1795512569919,1795512569919,1795512569919,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91445370001,1,'user-paid','BK-M54VHF35','confirmed','[["B1","standard",100000],["B2","standard",100000]]',200000,0,200000,1795512570017,1795513170017,1795513170017,1795512570034,1795512570034,NULL,NULL,NULL,5992963768321,1);
INSERT INTO "booking" VALUES(91445370002,1,'user-paid','BK-WQX417G1','confirmed','[["B3","standard",100000]]',100000,0,100000,1795512570036,1795513170036,1795513470038,1795512570039,1795512570039,NULL,NULL,NULL,5992963768322,1);
INSERT INTO "booking" VALUES(91445370003,1,'user-paid','BK-L77PX606','cancelled','[["B4","standard",100000]]',100000,0,100000,1795512570042,1795513170042,1795513470043,1795512570046,1795512570045,1795512570046,'ill',NULL,5992963768323,1);
INSERT INTO "booking" VALUES(91445370004,1,'user-paid','BK-7ERU2UZ5','cancelled','[["B5","standard",100000]]',100000,0,100000,1795512570048,1795513170048,1795513470049,1795512570051,1795512570050,1795512570051,'a customer asked',NULL,5992963768324,1);
INSERT INTO "booking" VALUES(91445370005,2,'user-2','BK-KCUSGODL','cancelled','[["C1","standard",100000]]',100000,0,100000,1795512570086,1795513170086,1795513470087,1795512570091,1795512570089,1795512570091,'the projector is broken',NULL,5992963768325,1);
INSERT INTO "booking" VALUES(91445370006,1,'user-2','BK-HSX15Y22','cancelled','[["C2","standard",90000]]',90000,0,90000,1795512570194,1795513170194,1795513170194,1795512570195,NULL,1795512570195,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91445370007,1,'user-waiting','BK-1P44UFTO','pending','[["D1","standard",90000]]',90000,0,90000,1795512570202,1795513170202,1795513170202,1795512570202,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91445370008,1,'user-waiting','BK-CVXHR829','pending','[["D2","standard",90000]]',90000,0,90000,1795512570203,1795513170203,1795513470204,1795512570204,NULL,NULL,NULL,5992963768326,NULL,1);
CREATE TABLE cinema(
  id TEXT NOT NULL PRIMARY KEY, -- 24 hex digits
  name TEXT NOT NULL,
  address TEXT NOT NULL DEFAULT '',
  city TEXT NOT NULL DEFAULT '',
  city_folded TEXT NOT NULL DEFAULT '', -- without case, for searches
  phone TEXT NOT NULL DEFAULT '',
  is_active INTEGER NOT NULL DEFAULT 1, -- 0 or 1
  timezone TEXT NOT NULL DEFAULT 'Asia/Ho_Chi_Minh' -- an IANA name
) STRICT;
INSERT INTO "cinema" VALUES('ccccccccccccccccccccccc1','Rạp Sao Mai','1 Lê Lợi','Hà Nội','hà nội','024 0000 0000',1,'Asia/Ho_Chi_Minh');
INSERT INTO "cinema" VALUES('ccccccccccccccccccccccc2','Lakeside','2 Shore Road','Zürich','zürich','',1,'Europe/Zurich');
CREATE TABLE idempotency_0(
  -- Keys live in two tables used day about; the older one is emptied when a day begins,
  -- so that a key lives 24 to 48 hours and none is ever deleted on its own.
  key BLOB NOT NULL, -- 16 bytes: the client's UUID
  user TEXT NOT NULL,
  operation TEXT NOT NULL, -- hold, confirm, pay, refund
  fingerprint BLOB NOT NULL, -- SHA-256 of the path and the body
  booking INTEGER NOT NULL,
  payment INTEGER, -- the payment answered
  created INTEGER NOT NULL, -- 1: a payment of its own, answered 201
  created_at INTEGER NOT NULL,
  PRIMARY KEY(key, user, operation)
) STRICT, WITHOUT ROWID;
CREATE TABLE idempotency_1(
  -- Keys live in two tables used day about; the older one is emptied when a day begins,
  -- so that a key lives 24 to 48 hours and none is ever deleted on its own.
  key BLOB NOT NULL, -- 16 bytes: the client's UUID
  user TEXT NOT NULL,
  operation TEXT NOT NULL, -- hold, confirm, pay, refund
  fingerprint BLOB NOT NULL, -- SHA-256 of the path and the body
  booking INTEGER NOT NULL,
  payment INTEGER, -- the payment answered
  created INTEGER NOT NULL, -- 1: a payment of its own, answered 201
  created_at INTEGER NOT NULL,
  PRIMARY KEY(key, user, operation)
) STRICT, WITHOUT ROWID;
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000000','user-paid','hold',X'A5BFD0B9852B09F0E973385D6460F0068946480B55446668D2112185D4174ED3',91445370001,NULL,1,1795512570017);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000001','user-paid','confirm',X'E8485512A91505F2BACEE0414E9D3F2F353348D7DE14374A818FE2D785D45811',91445370001,5992963768321,1,1795512570024);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000002','user-waiting','pay',X'337C32727DC178849970A19BAF882588CBA4C896E3424F0971F8D3C04E5F39B5',91445370008,5992963768326,1,1795512570204);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000003','staff-1','refund',X'329356F26C7DA38696090D31349C5904E4FD8C4928609E07AA125152C181AB08',91445370003,5992963768323,1,1795512570046);
INSERT INTO "idempotency_1" VALUES(X'0B3DC9A01A424EB09F665D8F1D4E5E44','user-waiting','hold',X'47DDB3A3F52525A5EEC579524B9DA4107B493EB8AF252747874796AEB762CE1D',91445370007,NULL,1,1795512570202);
INSERT INTO "idempotency_1" VALUES(X'17A0CB5F979D408B9B6EA4F056286DF1','user-paid','pay',X'977F5004F88C2C13F97580C2966F884C766A5C34BC3AE86D0374450B423E0E6B',91445370003,5992963768323,1,1795512570043);
INSERT INTO "idempotency_1" VALUES(X'182DB095584643A7A96C87BCC2429DBF','user-waiting','hold',X'1C2A9000EAAEC14F53D7A2A3FCC511F5F64D0616D84D0281176B6D7A2283B38B',91445370008,NULL,1,1795512570203);
INSERT INTO "idempotency_1" VALUES(X'2D015F6C568445F1BA7CFD945D2553CC','user-2','hold',X'7A3406638300EB73CD42A80B56072682534CD581AE7371532D97157626494CD6',91445370005,NULL,1,1795512570086);
INSERT INTO "idempotency_1" VALUES(X'41274B92836E4205AA331063569D4D6C','user-paid','hold',X'08138C80296B383B1DDBD475555D203AC6186EC352C33BBD435EAD3810587016',91445370003,NULL,1,1795512570042);
INSERT INTO "idempotency_1" VALUES(X'46B08EEE427C42269F975B4CB3D65AAB','user-2','pay',X'3286086BB1421AB30BF50B552BBA62EBB3307A906F85BB7CBA597D784AFE5F4B',91445370005,5992963768325,1,1795512570087);
INSERT INTO "idempotency_1" VALUES(X'54640B0E83BC43BD95E5E48A5C55BAE7','staff-1','refund',X'015F976CEDD38709F2081550C5C2305ED020897A2F02492EE2D9099F88C4DCDB',91445370004,5992963768324,1,1795512570051);
INSERT INTO "idempotency_1" VALUES(X'987B64FAD5F6423981E6A18C0A0196AF','user-paid','hold',X'EB65316B676B3590E19E1D3DB374FA13AB367BEDD6D3396B8D1ED444C7E0EECE',91445370002,NULL,1,1795512570036);
INSERT INTO "idempotency_1" VALUES(X'9C494D6A0F184BF8ADDFA79421D8ED9D','user-paid','pay',X'44048192C54F3B0F0E7AD24A089ADF2142978A21A7A915BAB5D1621194D68F33',91445370004,5992963768324,1,1795512570049);
INSERT INTO "idempotency_1" VALUES(X'B147A4C304524A7CAC17B652AD74F668','user-paid','pay',X'46E8A868789E86EF6F028801474C3E24BB1876E94113BD6B08060A3C4448161A',91445370002,5992963768322,1,1795512570038);
INSERT INTO "idempotency_1" VALUES(X'CB9C06BB3BE244FBA273D921AAD1C2B4','user-2','hold',X'88C1C49A7D4078446FCD6037E4FEC036D1DE3CD1912DDD1E32A26C7AD3469A7F',91445370006,NULL,1,1795512570194);
INSERT INTO "idempotency_1" VALUES(X'D69B0ACD0F7F4366BA36F167A96E0793','user-late','hold',X'CFFACE4A2AEB61F8B7F58DE59C5560975F8B5E2682DF64E402D0C158EAAF551C',91445368001,NULL,1,1795512568919);
INSERT INTO "idempotency_1" VALUES(X'DCFE0DE3C5F0431AA7D44E4C47E2742D','user-paid','hold',X'73E3B4862689B03E0F47733F36E711E48105DA960780EBB17D55CAB498886644',91445370004,NULL,1,1795512570048);
CREATE TABLE journal(
  -- What staff did: an entry comes in the same commit as its change.
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL, -- the user who did it
  role TEXT NOT NULL, -- as which: staff, admin
  action TEXT NOT NULL,
  subject TEXT NOT NULL, -- the public id of what it was done to
  detail TEXT NOT NULL -- the reason or the reference; '': none
) STRICT;
INSERT INTO "journal" VALUES(1,1795512570046,'staff-1','staff','payment.refund','0573587a00030747b94f5525','ill');
INSERT INTO "journal" VALUES(2,1795512570051,'staff-1','staff','payment.refund','0573587a0004b8a9b07ff723','a customer asked');
INSERT INTO "journal" VALUES(3,1795512570053,'staff-1','staff','payment.refund_done','0573587a0004b8a9b07ff723','bank 4711');
INSERT INTO "journal" VALUES(4,1795512570060,'staff-1','staff','block.create','0573587a0001211bc8c003ab','sound desk');
INSERT INTO "journal" VALUES(5,1795512570064,'staff-1','staff','block.create','0573587a0002d7e352d576d7','sound desk');
INSERT INTO "journal" VALUES(6,1795512570071,'staff-1','staff','block.release','0573587a0002d7e352d576d7','');
INSERT INTO "journal" VALUES(7,1795512570076,'staff-1','staff','showtime.update','500000000000000000000001','{"price":{"standard":90000,"vip":140000,"couple":240000}}');
INSERT INTO "journal" VALUES(8,1795512570090,'staff-1','staff','showtime.cancel','500000000000000000000002','the projector is broken');
CREATE TABLE movie(
  id TEXT NOT NULL PRIMARY KEY, -- 24 hex digits
  title TEXT NOT NULL,
  title_folded TEXT NOT NULL DEFAULT '', -- without case, for searches
  duration_minutes INTEGER NOT NULL,
  genres TEXT NOT NULL DEFAULT '[]', -- JSON
  poster_url TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  release_date TEXT NOT NULL DEFAULT '', -- as it was given: ISO 8601
  status TEXT NOT NULL CHECK(status IN ('coming_soon', 'now_showing', 'ended'))
) STRICT;
INSERT INTO "movie" VALUES('aaaaaaaaaaaaaaaaaaaaaaa1','Mắt Biếc','mắt biếc',117,'["Drama","Romance"]','https://images.example.com/mat-biec.jpg','A village, a summer, a song.','2019-12-20','now_showing');
INSERT INTO "movie" VALUES('aaaaaaaaaaaaaaaaaaaaaaa2','The Long Night','the long night',1,'["Thriller"]','','','2024-01-15','coming_soon');
CREATE TABLE payment(
  number INTEGER PRIMARY KEY, -- the public id is made as a booking's is
  booking INTEGER NOT NULL REFERENCES booking(number),
  user TEXT NOT NULL,
  method TEXT NOT NULL CHECK(method IN ('momo', 'vnpay', 'zalopay', 'card')),
  status TEXT NOT NULL CHECK(status IN ('pending', 'processing', 'failed', 'completed',
    'refund_due', 'refunding', 'refunded', 'refund_failed')),
  reason TEXT, -- why it failed, or why its money goes back
  amount INTEGER NOT NULL,
  paid_amount INTEGER NOT NULL,
  alias BLOB, -- 16 bytes: the key of the confirm that answered it, PAY_<alias>
  payment_url TEXT,
  return_url TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  paid_at INTEGER,
  refund_requested_at INTEGER,
  refund_done_at INTEGER,
  refund_reference TEXT, -- of a refund paid by hand
  paid_currency TEXT -- of paid_amount, if it is not VND
) STRICT;
INSERT INTO "payment" VALUES(5992963768321,91445370001,'user-paid','card','completed',NULL,200000,200000,X'00000000000040008000000000000001','https://gateway.example.com/card/pay/TXN_CARD_0573587a0001ec8053bf37f0','https://shop.example.com/paid',1795512570024,1795512570034,1795513170017,1795512570034,NULL,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5992963768322,91445370002,'user-paid','momo','completed',NULL,100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_0573587a0002b67db243a276','https://shop.example.com/paid',1795512570038,1795512570039,1795513470038,1795512570039,NULL,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5992963768323,91445370003,'user-paid','momo','refund_due','requested',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_0573587a00030747b94f5525','https://shop.example.com/paid',1795512570043,1795512570046,1795513470043,1795512570045,1795512570046,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5992963768324,91445370004,'user-paid','momo','refunded','requested',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_0573587a0004b8a9b07ff723','https://shop.example.com/paid',1795512570049,1795512570053,1795513470049,1795512570050,1795512570051,1795512570053,'bank 4711',NULL);
INSERT INTO "payment" VALUES(5992963768325,91445370005,'user-2','momo','refund_due','showtime_cancelled',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_0573587a00051aa890694dc7','https://shop.example.com/paid',1795512570087,1795512570091,1795513470087,1795512570089,1795512570091,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5992963768326,91445370008,'user-waiting','zalopay','pending',NULL,90000,0,NULL,'https://gateway.example.com/zalopay/pay/TXN_ZALOPAY_0573587a0006b0766f0669a8','https://shop.example.com/paid',1795512570204,1795512570204,1795513470204,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE screen(
  cinema TEXT NOT NULL REFERENCES cinema(id),
  position INTEGER NOT NULL, -- its place in the cinema's list, from 0
  screen_id TEXT NOT NULL, -- unique in its cinema
  name TEXT NOT NULL,
  type TEXT NOT NULL CHECK(type IN ('standard', 'imax', '3d', '4dx', 'vip')),
  total_seats INTEGER NOT NULL,
  layout INTEGER NOT NULL REFERENCES seat_layout(number),
  PRIMARY KEY(cinema, position),
  UNIQUE(cinema, screen_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "screen" VALUES('ccccccccccccccccccccccc1',0,'S1','Screen S1','standard',118,1);
INSERT INTO "screen" VALUES('ccccccccccccccccccccccc1',1,'S2','Screen S2','standard',2,2);
INSERT INTO "screen" VALUES('ccccccccccccccccccccccc1',2,'BIG','Screen BIG','standard',2500,3);
INSERT INTO "screen" VALUES('ccccccccccccccccccccccc2',0,'S1','Screen S1','standard',118,4);
CREATE TABLE seat_claim(
  -- A row exists while a seat is held, booked or blocked: the key refuses a double sale.
  showtime INTEGER NOT NULL REFERENCES showtime(number),
  place INTEGER NOT NULL, -- row * cols + column, both from 0
  booking INTEGER, -- NULL: blocked
  state TEXT NOT NULL CHECK(state IN ('held', 'booked', 'blocked')),
  held_until INTEGER, -- of a held seat
  block INTEGER, -- of a blocked seat
  PRIMARY KEY(showtime, place)
) STRICT, WITHOUT ROWID;
INSERT INTO "seat_claim" VALUES(1,12,91445370001,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,13,91445370001,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,14,91445370002,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,36,91445370007,'held',1795513170202,NULL);
INSERT INTO "seat_claim" VALUES(1,37,91445370008,'held',1795513470204,NULL);
INSERT INTO "seat_claim" VALUES(1,108,NULL,'blocked',NULL,5992963768321);
INSERT INTO "seat_claim" VALUES(1,109,NULL,'blocked',NULL,5992963768321);
CREATE TABLE seat_layout(
  -- The seats of a screen, kept once per content; a showtime keeps its own.
  number INTEGER PRIMARY KEY,
  rows INTEGER NOT NULL, -- 1..50, A..AX
  cols INTEGER NOT NULL, -- 1..50
  places TEXT NOT NULL, -- rows * cols letters: s standard, v vip, c couple, - no seat
  aisles_after TEXT NOT NULL DEFAULT '[]', -- JSON: columns with an aisle behind them
  accessible TEXT NOT NULL DEFAULT '[]', -- JSON: places, counted from 0
  UNIQUE(rows, cols, places, aisles_after, accessible),
  CHECK(length(places) = rows * cols)
) STRICT;
INSERT INTO "seat_layout" VALUES(1,10,12,'scscscscscsssssssssssssssssssssssssssssssssssssssssss--sssssssssssssssssssssssssssssssssssssssssvvvvvvvvvvvvvvvvvvvvvvvv','[4,8]','[84,95]');
INSERT INTO "seat_layout" VALUES(2,1,2,'vv','[]','[]');
INSERT INTO "seat_layout" VALUES(3,50,50,'scscscscscscscscscscscscscscscscscscscscscscscscssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv','[]','[]');
INSERT INTO "seat_layout" VALUES(4,10,12,'scscscscscsssssssssssssssssssssssssssssssssssssssssss--sssssssssssssssssssssssssssssssssssssssssvvvvvvvvvvvvvvvvvvvvvvvv','[]','[]');
CREATE TABLE setting(
  -- Facts about the file itself: id_key (16 bytes, made once: ids and codes are sealed
  -- with it), created_at, keys_table and keys_day (which table takes today's keys).
  name TEXT NOT NULL PRIMARY KEY,
  value ANY
) STRICT, WITHOUT ROWID;
INSERT INTO "setting" VALUES('created_at','2026-11-24T09:29:28.857Z');
INSERT INTO "setting" VALUES('id_key',X'701CF1DF879212988FA4D0EE40435467');
INSERT INTO "setting" VALUES('keys_day',20781);
INSERT INTO "setting" VALUES('keys_table',1);
CREATE TABLE showtime(
  -- version and available_seats are written with every turn that changes a seat.
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE, -- 24 hex digits
  movie TEXT NOT NULL REFERENCES movie(id),
  cinema TEXT NOT NULL REFERENCES cinema(id),
  screen_id TEXT NOT NULL,
  layout INTEGER NOT NULL REFERENCES seat_layout(number),
  starts_at INTEGER NOT NULL, -- UTC milliseconds since 1970, like every time here
  ends_at INTEGER NOT NULL,
  local_date TEXT NOT NULL DEFAULT '', -- YYYY-MM-DD of the start, at the cinema
  price_standard INTEGER NOT NULL, -- VND, like all money here
  price_vip INTEGER NOT NULL,
  price_couple INTEGER NOT NULL,
  total_seats INTEGER NOT NULL,
  available_seats INTEGER NOT NULL,
  version INTEGER NOT NULL DEFAULT 1,
  status TEXT NOT NULL DEFAULT 'scheduled'
    CHECK(status IN ('scheduled', 'cancelled', 'completed')),
  cancelled_at INTEGER, -- by staff; its bookings end at once, or at the next start
  cancellation_reason TEXT -- which its bookings carry too
) STRICT;
INSERT INTO "showtime" VALUES(1,'500000000000000000000001','aaaaaaaaaaaaaaaaaaaaaaa1','ccccccccccccccccccccccc1','S1',1,1795598968825,1795605988825,'2026-11-25',90000,140000,240000,118,111,25,'scheduled',NULL,NULL);
INSERT INTO "showtime" VALUES(2,'500000000000000000000002','aaaaaaaaaaaaaaaaaaaaaaa1','ccccccccccccccccccccccc1','S1',1,1795598968825,1795605988825,'2026-11-25',100000,150000,250000,118,118,6,'cancelled',1795512570090,'the projector is broken');
CREATE INDEX showtime_start ON showtime(starts_at);
CREATE INDEX showtime_movie ON showtime(movie, starts_at);
CREATE INDEX showtime_cinema ON showtime(cinema, starts_at);
CREATE INDEX showtime_open ON showtime(ends_at) WHERE status = 'scheduled';
CREATE INDEX booking_user ON booking(user);
CREATE INDEX booking_showtime ON booking(showtime, status);
CREATE INDEX block_standing ON block(showtime) WHERE released_at IS NULL;
CREATE UNIQUE INDEX payment_kept ON payment(booking) WHERE status = 'completed';
CREATE INDEX payment_alias ON payment(user, alias) WHERE alias IS NOT NULL;
CREATE INDEX payment_refund ON payment(status) WHERE refund_requested_at IS NOT NULL;
CREATE INDEX journal_actor ON journal(actor);
CREATE INDEX journal_subject ON journal(subject);
CREATE VIEW movies AS
SELECT id, title, duration_minutes AS duration, genres AS genre, poster_url, description,
  release_date, status
FROM movie;
CREATE VIEW cinemas AS
SELECT id, name, address, city, phone, is_active, timezone,
  (SELECT json_group_array(json_object('screen_id', s.screen_id, 'name', s.name,
    'type', s.type, 'total_seats', s.total_seats)) FROM screen s WHERE s.cinema = c.id)
    AS screens
FROM cinema c;
CREATE VIEW showtimes AS
SELECT id, movie AS movie_id, cinema AS cinema_id, screen_id,
  strftime('%Y-%m-%dT%H:%M:%fZ',starts_at/1000.0,'unixepoch') AS start_time,
  strftime('%Y-%m-%dT%H:%M:%fZ',ends_at/1000.0,'unixepoch') AS end_time,
  json_object('standard', price_standard, 'vip', price_vip, 'couple', price_couple)
    AS price, total_seats, available_seats, version, status
FROM showtime;
CREATE VIEW bookings AS
SELECT b.number, b.code AS booking_code, b.user AS user_id, s.id AS showtime_id, b.seats,
  b.total AS total_amount, b.discount AS discount_amount, b.final AS final_amount,
  'VND' AS currency, b.status,
  strftime('%Y-%m-%dT%H:%M:%fZ',b.held_at/1000.0,'unixepoch') AS held_at,
  strftime('%Y-%m-%dT%H:%M:%fZ',b.hold_expires_at/1000.0,'unixepoch') AS hold_expires_at,
  strftime('%Y-%m-%dT%H:%M:%fZ',b.confirmed_at/1000.0,'unixepoch') AS confirmed_at,
  strftime('%Y-%m-%dT%H:%M:%fZ',b.cancelled_at/1000.0,'unixepoch') AS cancelled_at,
  b.cancellation_reason, b.payment
FROM booking b JOIN showtime s ON s.number = b.showtime;
CREATE VIEW payments AS
SELECT p.number, p.booking, p.user AS user_id, p.amount, 'VND' AS currency,
  p.method AS payment_method, p.status, p.reason, p.paid_amount, p.payment_url,
  strftime('%Y-%m-%dT%H:%M:%fZ',p.created_at/1000.0,'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ',p.expires_at/1000.0,'unixepoch') AS expires_at,
  strftime('%Y-%m-%dT%H:%M:%fZ',p.paid_at/1000.0,'unixepoch') AS paid_at,
  strftime('%Y-%m-%dT%H:%M:%fZ',p.refund_requested_at/1000.0,'unixepoch') AS refund_requested_at,
  strftime('%Y-%m-%dT%H:%M:%fZ',p.refund_done_at/1000.0,'unixepoch') AS refund_done_at, p.refund_reference,
  coalesce(p.paid_currency, 'VND') AS paid_currency
FROM payment p;
CREATE VIEW idempotencykeys AS
SELECT lower(hex(key)) AS key, user AS user_id, operation,
  lower(hex(fingerprint)) AS request_hash, booking, payment,
  strftime('%Y-%m-%dT%H:%M:%fZ',created_at/1000.0,'unixepoch') AS created_at
FROM (SELECT * FROM idempotency_0 UNION ALL SELECT * FROM idempotency_1);
CREATE VIEW takings AS
-- Of confirmed bookings, by the day of the sale (UTC+7) and the film.
SELECT date(b.confirmed_at / 1000, 'unixepoch', '+7 hours') AS day, m.title AS movie,
  count(*) AS bookings, sum(json_array_length(b.seats)) AS seats, sum(b.final) AS vnd
FROM booking b JOIN showtime s ON s.number = b.showtime JOIN movie m ON m.id = s.movie
WHERE b.status = 'confirmed'
GROUP BY day, m.id
ORDER BY day DESC, vnd DESC;
CREATE VIEW blocks AS
SELECT k.number, s.id AS showtime_id, k.seats, k.reason, k.created_by,
  strftime('%Y-%m-%dT%H:%M:%fZ',k.created_at/1000.0,'unixepoch') AS created_at,
  strftime('%Y-%m-%dT%H:%M:%fZ',k.released_at/1000.0,'unixepoch') AS released_at
FROM block k JOIN showtime s ON s.number = k.showtime;
CREATE VIEW journal_entries AS
SELECT number, strftime('%Y-%m-%dT%H:%M:%fZ',at/1000.0,'unixepoch') AS at, actor, role, action, subject, detail FROM journal;
COMMIT;
PRAGMA application_id=1970497650;
PRAGMA user_version=2;
