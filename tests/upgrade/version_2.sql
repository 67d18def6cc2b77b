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
INSERT INTO "block" VALUES(5993053093889,1,'["J1","J2"]','sound desk','staff-1',1795513933146,NULL);
INSERT INTO "block" VALUES(5993053093890,1,'["J3"]','sound desk','staff-1',1795513933149,1795513933153);
CREATE TABLE booking(
  -- The public id is the number in 12 hex digits and 12 more of its seal (see setting
  -- id_key).
  number INTEGER PRIMARY KEY,
  showtime INTEGER NOT NULL REFERENCES showtime(number),
  user TEXT NOT NULL,
  code TEXT NOT NULL, -- BK-XXXXXXXX, made from the number with the key
  status TEXT NOT NULL CHECK(status = 'pending' OR status = 'confirmed' OR status = 'cancelled' OR status = 'expired'),
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
INSERT INTO "booking" VALUES(91446731001,1,'user-late','BK-GPRP5NX0','expired','[["A1","standard",100000]]',100000,0,100000,1795513931994,1795513932994,1795513932994,1795513932994,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91446733001,1,'user-paid','BK-XYCCDV74','confirmed','[["B1","standard",100000],["B2","standard",100000]]',200000,0,200000,1795513933090,1795514533090,1795514533090,1795513933100,1795513933100,NULL,NULL,NULL,5993053093889,1);
INSERT INTO "booking" VALUES(91446733002,1,'user-paid','BK-NEWR0SCY','confirmed','[["B3","standard",100000]]',100000,0,100000,1795513933102,1795514533102,1795514833103,1795513933104,1795513933104,NULL,NULL,NULL,5993053093890,1);
INSERT INTO "booking" VALUES(91446733003,1,'user-paid','BK-9XPF9N4X','cancelled','[["B4","standard",100000]]',100000,0,100000,1795513933108,1795514533108,1795514833111,1795513933116,1795513933113,1795513933116,'ill',NULL,5993053093891,1);
INSERT INTO "booking" VALUES(91446733004,1,'user-paid','BK-GB4TB3GP','cancelled','[["B5","standard",100000]]',100000,0,100000,1795513933119,1795514533119,1795514833122,1795513933128,1795513933126,1795513933128,'a customer asked',NULL,5993053093892,1);
INSERT INTO "booking" VALUES(91446733005,2,'user-2','BK-I7Q6I6UQ','cancelled','[["C1","standard",100000]]',100000,0,100000,1795513933164,1795514533164,1795514833170,1795513933187,1795513933179,1795513933187,'the projector is broken',NULL,5993053093893,1);
INSERT INTO "booking" VALUES(91446733006,1,'user-2','BK-COV0HU87','cancelled','[["C2","standard",90000]]',90000,0,90000,1795513933293,1795514533293,1795514533293,1795513933296,NULL,1795513933296,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91446733007,1,'user-waiting','BK-NXF6VXS0','pending','[["D1","standard",90000]]',90000,0,90000,1795513933320,1795514533320,1795514533320,1795513933320,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91446733008,1,'user-waiting','BK-RACCRKJF','pending','[["D2","standard",90000]]',90000,0,90000,1795513933322,1795514533322,1795514833328,1795513933328,NULL,NULL,NULL,5993053093894,NULL,1);
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
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000000','user-paid','hold',X'A5BFD0B9852B09F0E973385D6460F0068946480B55446668D2112185D4174ED3',91446733001,NULL,1,1795513933090);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000001','user-paid','confirm',X'5F658D72A1778C4F2BA9B97B774BC6E1FDD2388B9993E22F02A635317883D729',91446733001,5993053093889,1,1795513933097);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000002','user-waiting','pay',X'1D335E66D6D4EB2EC42DD2BB9668575FB50A76CFED1A32AA725A4B070D06C7C8',91446733008,5993053093894,1,1795513933328);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000003','staff-1','refund',X'852E0F7A3CE0CF37CE6376918C9D3DB703B4E9D57AF81347CB05D9DBC2BD4DDD',91446733003,5993053093891,1,1795513933116);
INSERT INTO "idempotency_1" VALUES(X'03087CD2D612490AB25127E8A2F482F2','user-paid','hold',X'EB65316B676B3590E19E1D3DB374FA13AB367BEDD6D3396B8D1ED444C7E0EECE',91446733002,NULL,1,1795513933102);
INSERT INTO "idempotency_1" VALUES(X'04E1AC1C1E9A4823BA1D8BDB272EB561','user-waiting','hold',X'1C2A9000EAAEC14F53D7A2A3FCC511F5F64D0616D84D0281176B6D7A2283B38B',91446733008,NULL,1,1795513933322);
INSERT INTO "idempotency_1" VALUES(X'16197606A2F94980B0454A770B7A52D6','user-paid','pay',X'08821BE8257078E7B6232F294AD7B1B2DB788460C34519115D1ECAAE1D6E15C3',91446733002,5993053093890,1,1795513933103);
INSERT INTO "idempotency_1" VALUES(X'31F13F70DB2B4104866B069AE94E5563','user-late','hold',X'CFFACE4A2AEB61F8B7F58DE59C5560975F8B5E2682DF64E402D0C158EAAF551C',91446731001,NULL,1,1795513931994);
INSERT INTO "idempotency_1" VALUES(X'589EF64C35274B6AB4D73AA495F798C1','user-2','hold',X'7A3406638300EB73CD42A80B56072682534CD581AE7371532D97157626494CD6',91446733005,NULL,1,1795513933164);
INSERT INTO "idempotency_1" VALUES(X'698A62F224094C268A8AE38FD8997BEC','user-paid','pay',X'8CA6E44D89949B39BC6C09452C0CC2845B05B924775DE78ED9C1A13DB9E4881F',91446733004,5993053093892,1,1795513933122);
INSERT INTO "idempotency_1" VALUES(X'ACEEB1BA95A94702A2656B7DF5BD2339','user-2','pay',X'4809384221D7A40C9E9F5104B38C6C3CFAE1C1EEC37D3F2F923AC3D3026C82F0',91446733005,5993053093893,1,1795513933170);
INSERT INTO "idempotency_1" VALUES(X'AD24AD2616C74F2BA8D64CB0821B0308','user-2','hold',X'88C1C49A7D4078446FCD6037E4FEC036D1DE3CD1912DDD1E32A26C7AD3469A7F',91446733006,NULL,1,1795513933293);
INSERT INTO "idempotency_1" VALUES(X'BDAAB82216754F48A7E8055D2C9FBBC9','user-paid','hold',X'73E3B4862689B03E0F47733F36E711E48105DA960780EBB17D55CAB498886644',91446733004,NULL,1,1795513933119);
INSERT INTO "idempotency_1" VALUES(X'DB3294F6CD8E4840AF0191B7BBDAF01F','user-waiting','hold',X'47DDB3A3F52525A5EEC579524B9DA4107B493EB8AF252747874796AEB762CE1D',91446733007,NULL,1,1795513933320);
INSERT INTO "idempotency_1" VALUES(X'DE622D94A5D84FEC85A400DC18F496AD','user-paid','hold',X'08138C80296B383B1DDBD475555D203AC6186EC352C33BBD435EAD3810587016',91446733003,NULL,1,1795513933108);
INSERT INTO "idempotency_1" VALUES(X'E166FB1A9B00445E85329F7063CB9B75','staff-1','refund',X'668B7C8A514C238593AFC6B0694574CDC28FFBCBA1257751AE67FD4116644A27',91446733004,5993053093892,1,1795513933128);
INSERT INTO "idempotency_1" VALUES(X'EB801160B07E4F279C969330A5365F34','user-paid','pay',X'9AE207C042D28FD366C69608E310F0662237C875F3E1CBB2FAB283E70C50B14E',91446733003,5993053093891,1,1795513933111);
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
INSERT INTO "journal" VALUES(1,1795513933116,'staff-1','staff','payment.refund','05735dcd00034f65b60f3e8e','ill');
INSERT INTO "journal" VALUES(2,1795513933128,'staff-1','staff','payment.refund','05735dcd0004c266022e5599','a customer asked');
INSERT INTO "journal" VALUES(3,1795513933130,'staff-1','staff','payment.refund_done','05735dcd0004c266022e5599','bank 4711');
INSERT INTO "journal" VALUES(4,1795513933146,'staff-1','staff','block.create','05735dcd000167ee8bdfa2f1','sound desk');
INSERT INTO "journal" VALUES(5,1795513933149,'staff-1','staff','block.create','05735dcd0002fc89da67db51','sound desk');
INSERT INTO "journal" VALUES(6,1795513933153,'staff-1','staff','block.release','05735dcd0002fc89da67db51','');
INSERT INTO "journal" VALUES(7,1795513933157,'staff-1','staff','showtime.update','500000000000000000000001','{"price":{"standard":90000,"vip":140000,"couple":240000}}');
INSERT INTO "journal" VALUES(8,1795513933180,'staff-1','staff','showtime.cancel','500000000000000000000002','the projector is broken');
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
  method TEXT NOT NULL CHECK(method = 'momo' OR method = 'vnpay' OR method = 'zalopay' OR method = 'card'),
  status TEXT NOT NULL CHECK(status = 'pending' OR status = 'processing' OR status = 'failed' OR status = 'completed' OR status = 'refund_due' OR status = 'refunding' OR status = 'refunded' OR status = 'refund_failed'),
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
INSERT INTO "payment" VALUES(5993053093889,91446733001,'user-paid','card','completed',NULL,200000,200000,X'00000000000040008000000000000001','https://gateway.example.com/card/pay/TXN_CARD_05735dcd00014485c9405948','https://shop.example.com/paid',1795513933097,1795513933100,1795514533090,1795513933100,NULL,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5993053093890,91446733002,'user-paid','momo','completed',NULL,100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_05735dcd0002403674d035be','https://shop.example.com/paid',1795513933103,1795513933104,1795514833103,1795513933104,NULL,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5993053093891,91446733003,'user-paid','momo','refund_due','requested',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_05735dcd00034f65b60f3e8e','https://shop.example.com/paid',1795513933111,1795513933116,1795514833111,1795513933113,1795513933116,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5993053093892,91446733004,'user-paid','momo','refunded','requested',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_05735dcd0004c266022e5599','https://shop.example.com/paid',1795513933122,1795513933130,1795514833122,1795513933126,1795513933128,1795513933130,'bank 4711',NULL);
INSERT INTO "payment" VALUES(5993053093893,91446733005,'user-2','momo','refund_due','showtime_cancelled',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_05735dcd000506d6ab2d424b','https://shop.example.com/paid',1795513933170,1795513933187,1795514833170,1795513933179,1795513933187,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5993053093894,91446733008,'user-waiting','zalopay','pending',NULL,90000,0,NULL,'https://gateway.example.com/zalopay/pay/TXN_ZALOPAY_05735dcd00060294db13dcc4','https://shop.example.com/paid',1795513933328,1795513933328,1795514833328,NULL,NULL,NULL,NULL,NULL);
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
  state TEXT NOT NULL CHECK(state = 'held' OR state = 'booked' OR state = 'blocked'),
  held_until INTEGER, -- of a held seat
  block INTEGER, -- of a blocked seat
  PRIMARY KEY(showtime, place)
) STRICT, WITHOUT ROWID;
INSERT INTO "seat_claim" VALUES(1,12,91446733001,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,13,91446733001,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,14,91446733002,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,36,91446733007,'held',1795514533320,NULL);
INSERT INTO "seat_claim" VALUES(1,37,91446733008,'held',1795514833328,NULL);
INSERT INTO "seat_claim" VALUES(1,108,NULL,'blocked',NULL,5993053093889);
INSERT INTO "seat_claim" VALUES(1,109,NULL,'blocked',NULL,5993053093889);
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
INSERT INTO "setting" VALUES('created_at','2026-11-24T09:52:11.918Z');
INSERT INTO "setting" VALUES('id_key',X'93E03DEFD82A08B862249E7EA8909E74');
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
INSERT INTO "showtime" VALUES(1,'500000000000000000000001','aaaaaaaaaaaaaaaaaaaaaaa1','ccccccccccccccccccccccc1','S1',1,1795600331893,1795607351893,'2026-11-25',90000,140000,240000,118,111,25,'scheduled',NULL,NULL);
INSERT INTO "showtime" VALUES(2,'500000000000000000000002','aaaaaaaaaaaaaaaaaaaaaaa1','ccccccccccccccccccccccc1','S1',1,1795600331894,1795607351894,'2026-11-25',100000,150000,250000,118,118,6,'cancelled',1795513933180,'the projector is broken');
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
