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
INSERT INTO "block" VALUES(5992807530497,1,'["J1","J2"]','sound desk','staff-1',1795510186882,NULL);
INSERT INTO "block" VALUES(5992807530498,1,'["J3"]','sound desk','staff-1',1795510186884,1795510186885);
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
INSERT INTO "booking" VALUES(91442985001,1,'user-late','BK-ZK3QPZ29','expired','[["A1","standard",100000]]',100000,0,100000,1795510185748,1795510186748,1795510186748,1795510186748,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91442986001,1,'user-paid','BK-AY4IDZW7','confirmed','[["B1","standard",100000],["B2","standard",100000]]',200000,0,200000,1795510186825,1795510786825,1795510786825,1795510186832,1795510186832,NULL,NULL,NULL,5992807530497,1);
INSERT INTO "booking" VALUES(91442986002,1,'user-paid','BK-5YA1ZDR8','confirmed','[["B3","standard",100000]]',100000,0,100000,1795510186835,1795510786835,1795511086837,1795510186839,1795510186839,NULL,NULL,NULL,5992807530498,1);
INSERT INTO "booking" VALUES(91442986003,1,'user-paid','BK-2ZR8FBP2','cancelled','[["B4","standard",100000]]',100000,0,100000,1795510186841,1795510786841,1795511086849,1795510186853,1795510186851,1795510186853,'ill',NULL,5992807530499,1);
INSERT INTO "booking" VALUES(91442986004,1,'user-paid','BK-YIPNPVZ4','cancelled','[["B5","standard",100000]]',100000,0,100000,1795510186857,1795510786857,1795511086861,1795510186869,1795510186865,1795510186869,'a customer asked',NULL,5992807530500,1);
INSERT INTO "booking" VALUES(91442986005,2,'user-2','BK-UH4YE8C4','cancelled','[["C1","standard",100000]]',100000,0,100000,1795510186892,1795510786892,1795511086895,1795510186897,1795510186896,1795510186897,'the projector is broken',NULL,5992807530501,1);
INSERT INTO "booking" VALUES(91442986006,1,'user-2','BK-CCAG0TLS','cancelled','[["C2","standard",90000]]',90000,0,90000,1795510186899,1795510786899,1795510786899,1795510186900,NULL,1795510186900,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91442986007,1,'user-waiting','BK-GGKM4NW6','pending','[["D1","standard",90000]]',90000,0,90000,1795510186908,1795510786908,1795510786908,1795510186908,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91442986008,1,'user-waiting','BK-GGOBR54X','pending','[["D2","standard",90000]]',90000,0,90000,1795510186913,1795510786913,1795511086914,1795510186914,NULL,NULL,NULL,5992807530502,NULL,1);
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
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000000','user-paid','hold',X'A5BFD0B9852B09F0E973385D6460F0068946480B55446668D2112185D4174ED3',91442986001,NULL,1,1795510186825);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000001','user-paid','confirm',X'221913D2EB4C94756A3AA28BDD8C6CBEF7E324B80215F5B6F66FC563530EF26D',91442986001,5992807530497,1,1795510186829);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000002','user-waiting','pay',X'2E91899D0448F0A03A311F44AA1518F82D90834E86B3D8937CB75717B9830BFD',91442986008,5992807530502,1,1795510186914);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000003','staff-1','refund',X'6189843547C9080A69679C9B9B2EAF4701403A63CDD2346144758B79910FD2B6',91442986003,5992807530499,1,1795510186853);
INSERT INTO "idempotency_1" VALUES(X'0373C876506249E39D7CCC60AEE15FC2','user-waiting','hold',X'47DDB3A3F52525A5EEC579524B9DA4107B493EB8AF252747874796AEB762CE1D',91442986007,NULL,1,1795510186908);
INSERT INTO "idempotency_1" VALUES(X'14A59742ECC5490790ACE05EC6CEFD76','user-paid','hold',X'EB65316B676B3590E19E1D3DB374FA13AB367BEDD6D3396B8D1ED444C7E0EECE',91442986002,NULL,1,1795510186835);
INSERT INTO "idempotency_1" VALUES(X'17BAE2C143B649538DFC30BC0324099F','user-paid','pay',X'1DEACF82E531017D86D46DBB309B371A54915471D596D6D5DC460C404351C270',91442986002,5992807530498,1,1795510186837);
INSERT INTO "idempotency_1" VALUES(X'28D3E64B902F4342B4238C09334211EF','user-2','hold',X'88C1C49A7D4078446FCD6037E4FEC036D1DE3CD1912DDD1E32A26C7AD3469A7F',91442986006,NULL,1,1795510186899);
INSERT INTO "idempotency_1" VALUES(X'295A0365E0C9423E991013C078C70652','user-2','pay',X'B19C751571C8D5DA64CF4D12E5CB578B4E2D547ABF4BDCBB7C814F3E6B2E9C63',91442986005,5992807530501,1,1795510186895);
INSERT INTO "idempotency_1" VALUES(X'316F7DE7F2404C08A6C683F42513BACA','user-late','hold',X'CFFACE4A2AEB61F8B7F58DE59C5560975F8B5E2682DF64E402D0C158EAAF551C',91442985001,NULL,1,1795510185748);
INSERT INTO "idempotency_1" VALUES(X'4F5F932B55FF4EBFB031890B54717228','user-paid','hold',X'08138C80296B383B1DDBD475555D203AC6186EC352C33BBD435EAD3810587016',91442986003,NULL,1,1795510186841);
INSERT INTO "idempotency_1" VALUES(X'51D9B9F6B31244D090843C49A1F37459','user-waiting','hold',X'1C2A9000EAAEC14F53D7A2A3FCC511F5F64D0616D84D0281176B6D7A2283B38B',91442986008,NULL,1,1795510186913);
INSERT INTO "idempotency_1" VALUES(X'53CA9EFDE0E0459E9F1D4353CA56E653','user-paid','hold',X'73E3B4862689B03E0F47733F36E711E48105DA960780EBB17D55CAB498886644',91442986004,NULL,1,1795510186857);
INSERT INTO "idempotency_1" VALUES(X'6A200D042732477EA208511DC9048D9D','user-paid','pay',X'44DEFAE12A5D15FF1CA47230DFCCAFB631C52803F6361D69B9FAADDC0BA17372',91442986003,5992807530499,1,1795510186849);
INSERT INTO "idempotency_1" VALUES(X'A622150918454920BAFCABF22662FF07','user-2','hold',X'7A3406638300EB73CD42A80B56072682534CD581AE7371532D97157626494CD6',91442986005,NULL,1,1795510186892);
INSERT INTO "idempotency_1" VALUES(X'B0C09904A20D4D838E2B091BC1E555E2','staff-1','refund',X'E082DE7EDE04FF6D1F080BC83BFBA7BE2D00625B87961B9864C53C6B6F81D8B4',91442986004,5992807530500,1,1795510186869);
INSERT INTO "idempotency_1" VALUES(X'EC6A47CA8ABF4045B33A76A5E3257408','user-paid','pay',X'1121C278ECADA7E5E38CDD5AB3EBEF87A3A1ECA29C472D3B44CA673B4BAC998C',91442986004,5992807530500,1,1795510186861);
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
INSERT INTO "journal" VALUES(1,1795510186853,'staff-1','staff','payment.refund','05734f2a0003707b53e4eedf','ill');
INSERT INTO "journal" VALUES(2,1795510186869,'staff-1','staff','payment.refund','05734f2a00041b2a55cdb651','a customer asked');
INSERT INTO "journal" VALUES(3,1795510186873,'staff-1','staff','payment.refund_done','05734f2a00041b2a55cdb651','bank 4711');
INSERT INTO "journal" VALUES(4,1795510186882,'staff-1','staff','block.create','05734f2a00017b679322c264','sound desk');
INSERT INTO "journal" VALUES(5,1795510186884,'staff-1','staff','block.create','05734f2a000243f7521190f6','sound desk');
INSERT INTO "journal" VALUES(6,1795510186885,'staff-1','staff','block.release','05734f2a000243f7521190f6','');
INSERT INTO "journal" VALUES(7,1795510186890,'staff-1','staff','showtime.update','500000000000000000000001','{"price":{"standard":90000,"vip":140000,"couple":240000}}');
INSERT INTO "journal" VALUES(8,1795510186897,'staff-1','staff','showtime.cancel','500000000000000000000002','the projector is broken');
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
INSERT INTO "payment" VALUES(5992807530497,91442986001,'user-paid','card','completed',NULL,200000,200000,X'00000000000040008000000000000001','https://gateway.example.com/card/pay/TXN_CARD_05734f2a0001bb57d6bbd47a','https://shop.example.com/paid',1795510186829,1795510186832,1795510786825,1795510186832,NULL,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5992807530498,91442986002,'user-paid','momo','completed',NULL,100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_05734f2a00028219c162b413','https://shop.example.com/paid',1795510186837,1795510186839,1795511086837,1795510186839,NULL,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5992807530499,91442986003,'user-paid','momo','refund_due','requested',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_05734f2a0003707b53e4eedf','https://shop.example.com/paid',1795510186849,1795510186853,1795511086849,1795510186851,1795510186853,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5992807530500,91442986004,'user-paid','momo','refunded','requested',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_05734f2a00041b2a55cdb651','https://shop.example.com/paid',1795510186861,1795510186873,1795511086861,1795510186865,1795510186869,1795510186873,'bank 4711',NULL);
INSERT INTO "payment" VALUES(5992807530501,91442986005,'user-2','momo','refund_due','showtime_cancelled',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_05734f2a00059e59ecb7dbbd','https://shop.example.com/paid',1795510186895,1795510186897,1795511086895,1795510186896,1795510186897,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5992807530502,91442986008,'user-waiting','zalopay','pending',NULL,90000,0,NULL,'https://gateway.example.com/zalopay/pay/TXN_ZALOPAY_05734f2a0006fd6b7e9d15cd','https://shop.example.com/paid',1795510186914,1795510186914,1795511086914,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO "seat_claim" VALUES(1,12,91442986001,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,13,91442986001,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,14,91442986002,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,36,91442986007,'held',1795510786908,NULL);
INSERT INTO "seat_claim" VALUES(1,37,91442986008,'held',1795511086914,NULL);
INSERT INTO "seat_claim" VALUES(1,108,NULL,'blocked',NULL,5992807530497);
INSERT INTO "seat_claim" VALUES(1,109,NULL,'blocked',NULL,5992807530497);
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
INSERT INTO "setting" VALUES('created_at','2026-11-24T08:49:45.689Z');
INSERT INTO "setting" VALUES('id_key',X'4EE4649AE130C133E86D4F4E2E5A5F41');
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
INSERT INTO "showtime" VALUES(1,'500000000000000000000001','aaaaaaaaaaaaaaaaaaaaaaa1','ccccccccccccccccccccccc1','S1',1,1795596585655,1795603605655,'2026-11-25',90000,140000,240000,118,111,25,'scheduled',NULL,NULL);
INSERT INTO "showtime" VALUES(2,'500000000000000000000002','aaaaaaaaaaaaaaaaaaaaaaa1','ccccccccccccccccccccccc1','S1',1,1795596585655,1795603605655,'2026-11-25',100000,150000,250000,118,118,6,'cancelled',1795510186897,'the projector is broken');
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
COMMIT;
PRAGMA application_id=1970497650;
PRAGMA user_version=1;
