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
INSERT INTO "block" VALUES(5993741418497,1,'["J1","J2"]','sound desk','staff-1',1795524436413,NULL);
INSERT INTO "block" VALUES(5993741418498,1,'["J3"]','sound desk','staff-1',1795524436422,1795524436425);
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
INSERT INTO "booking" VALUES(91457235001,1,'user-late','BK-RQ1IV2N1','expired','[["A1","standard",100000]]',100000,0,100000,1795524435291,1795524436291,1795524436291,1795524436291,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91457236001,1,'user-paid','BK-1MXGH3QW','confirmed','[["B1","standard",100000],["B2","standard",100000]]',200000,0,200000,1795524436368,1795525036368,1795525036368,1795524436376,1795524436376,NULL,NULL,NULL,5993741418497,1);
INSERT INTO "booking" VALUES(91457236002,1,'user-paid','BK-HI584RLV','confirmed','[["B3","standard",100000]]',100000,0,100000,1795524436379,1795525036379,1795525336383,1795524436386,1795524436386,NULL,NULL,NULL,5993741418498,1);
INSERT INTO "booking" VALUES(91457236003,1,'user-paid','BK-CKTG9T8M','cancelled','[["B4","standard",100000]]',100000,0,100000,1795524436388,1795525036388,1795525336389,1795524436395,1795524436392,1795524436395,'ill',NULL,5993741418499,1);
INSERT INTO "booking" VALUES(91457236004,1,'user-paid','BK-K6W82JDG','cancelled','[["B5","standard",100000]]',100000,0,100000,1795524436398,1795525036398,1795525336400,1795524436405,1795524436403,1795524436405,'a customer asked',NULL,5993741418500,1);
INSERT INTO "booking" VALUES(91457236005,2,'user-2','BK-C98ZU9CY','cancelled','[["C1","standard",100000]]',100000,0,100000,1795524436429,1795525036429,1795525336430,1795524436432,1795524436431,1795524436432,'the projector is broken',NULL,5993741418501,1);
INSERT INTO "booking" VALUES(91457236006,1,'user-2','BK-YVF8A5GA','cancelled','[["C2","standard",90000]]',90000,0,90000,1795524436540,1795525036540,1795525036540,1795524436543,NULL,1795524436543,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91457236007,1,'user-waiting','BK-FGZDKMJW','pending','[["D1","standard",90000]]',90000,0,90000,1795524436550,1795525036550,1795525036550,1795524436550,NULL,NULL,NULL,NULL,NULL,0);
INSERT INTO "booking" VALUES(91457236008,1,'user-waiting','BK-1DJBCRJI','pending','[["D2","standard",90000]]',90000,0,90000,1795524436553,1795525036553,1795525336555,1795524436555,NULL,NULL,NULL,5993741418502,NULL,1);
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
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000000','user-paid','hold',X'A5BFD0B9852B09F0E973385D6460F0068946480B55446668D2112185D4174ED3',91457236001,NULL,1,1795524436368);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000001','user-paid','confirm',X'BD9BC5D237CAA6958C5F3015AD13D785B97EADDC4EF3C2628DA563D6851B55FD',91457236001,5993741418497,1,1795524436371);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000002','user-waiting','pay',X'438025C952F5F53DCEAECEC15FDA4DAD1AF7A78C25ACD8FCE0177805D77182E8',91457236008,5993741418502,1,1795524436555);
INSERT INTO "idempotency_1" VALUES(X'00000000000040008000000000000003','staff-1','refund',X'9B072411EC18749CAC0BF2592B5452E42AF9125D8428810131AC30A198FD2D91',91457236003,5993741418499,1,1795524436395);
INSERT INTO "idempotency_1" VALUES(X'1333E7E576B246ADB5ACFB6CEEBE67D8','user-waiting','hold',X'1C2A9000EAAEC14F53D7A2A3FCC511F5F64D0616D84D0281176B6D7A2283B38B',91457236008,NULL,1,1795524436553);
INSERT INTO "idempotency_1" VALUES(X'29A683ACB9A74D42AAB01FE144B93FA0','user-2','hold',X'88C1C49A7D4078446FCD6037E4FEC036D1DE3CD1912DDD1E32A26C7AD3469A7F',91457236006,NULL,1,1795524436540);
INSERT INTO "idempotency_1" VALUES(X'4ACBA523C7DB4AC48E140E5DA5728E21','user-paid','hold',X'73E3B4862689B03E0F47733F36E711E48105DA960780EBB17D55CAB498886644',91457236004,NULL,1,1795524436398);
INSERT INTO "idempotency_1" VALUES(X'6C59135329164F4FA6F984C10736873A','user-paid','pay',X'6EDD0A3F9751120F60273939FA470B58131F44180BD0DE264549C0E06EDB29E7',91457236004,5993741418500,1,1795524436400);
INSERT INTO "idempotency_1" VALUES(X'76DB84C536434033B7B9F6A609386FCA','user-paid','pay',X'E1D97443C01AB74D6E3F6B12A4DFB480FB3827B12F7DA6FB67F7B5BEAADF3EB7',91457236002,5993741418498,1,1795524436383);
INSERT INTO "idempotency_1" VALUES(X'7AA89656D76946D7A84EE2114A803936','user-waiting','hold',X'47DDB3A3F52525A5EEC579524B9DA4107B493EB8AF252747874796AEB762CE1D',91457236007,NULL,1,1795524436550);
INSERT INTO "idempotency_1" VALUES(X'96917377DE4D422FAC07CFB449F8CBE9','user-late','hold',X'CFFACE4A2AEB61F8B7F58DE59C5560975F8B5E2682DF64E402D0C158EAAF551C',91457235001,NULL,1,1795524435291);
INSERT INTO "idempotency_1" VALUES(X'A6FC4DD1C73B49308D5901DD9BCBD809','user-2','pay',X'D35F11D193F88C77F162BD4269C0DC217E054F3A4924D77A5BA6C3C8CD25907B',91457236005,5993741418501,1,1795524436430);
INSERT INTO "idempotency_1" VALUES(X'AFF5B0B172474714B3312DC94BBD9EC5','user-paid','hold',X'EB65316B676B3590E19E1D3DB374FA13AB367BEDD6D3396B8D1ED444C7E0EECE',91457236002,NULL,1,1795524436379);
INSERT INTO "idempotency_1" VALUES(X'C91909D75F4845529760B041568AE29D','staff-1','refund',X'F96E5606820A087C227FD84D89211264726182BEBA4C17F1A3F8ACD175ED3ACC',91457236004,5993741418500,1,1795524436405);
INSERT INTO "idempotency_1" VALUES(X'EBC055ADC8D34313AFBB93B55A78639A','user-paid','pay',X'5EA53E0E1A998C1DB78838D867E12EF55CD5EDAB7AC735C276A884F3485DD9E1',91457236003,5993741418499,1,1795524436389);
INSERT INTO "idempotency_1" VALUES(X'F0E5DAEC59864580B8A1841A6E319651','user-2','hold',X'7A3406638300EB73CD42A80B56072682534CD581AE7371532D97157626494CD6',91457236005,NULL,1,1795524436429);
INSERT INTO "idempotency_1" VALUES(X'FA4818CA1E694076BADE67E382A1EDB3','user-paid','hold',X'08138C80296B383B1DDBD475555D203AC6186EC352C33BBD435EAD3810587016',91457236003,NULL,1,1795524436388);
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
INSERT INTO "journal" VALUES(1,1795524436395,'staff-1','staff','payment.refund','057386d40003c60df1a1f1e2','ill');
INSERT INTO "journal" VALUES(2,1795524436405,'staff-1','staff','payment.refund','057386d40004f739cb1a0e26','a customer asked');
INSERT INTO "journal" VALUES(3,1795524436407,'staff-1','staff','payment.refund_done','057386d40004f739cb1a0e26','bank 4711');
INSERT INTO "journal" VALUES(4,1795524436413,'staff-1','staff','block.create','057386d400018172ee1bee86','sound desk');
INSERT INTO "journal" VALUES(5,1795524436422,'staff-1','staff','block.create','057386d40002c233ef353518','sound desk');
INSERT INTO "journal" VALUES(6,1795524436425,'staff-1','staff','block.release','057386d40002c233ef353518','');
INSERT INTO "journal" VALUES(7,1795524436427,'staff-1','staff','showtime.update','500000000000000000000001','{"price":{"standard":90000,"vip":140000,"couple":240000}}');
INSERT INTO "journal" VALUES(8,1795524436431,'staff-1','staff','showtime.cancel','500000000000000000000002','the projector is broken');
CREATE TABLE moved_id(
  -- Ids that another store made: they are not the seal of their number.
  kind INTEGER NOT NULL, -- 1 booking, 2 payment, 3 block
  number INTEGER NOT NULL, -- of the row in that table
  id BLOB NOT NULL, -- 12 bytes: the public id
  code_number INTEGER, -- of a booking: the number that its code stands for here
  PRIMARY KEY(kind, number)
) STRICT, WITHOUT ROWID;
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
INSERT INTO "payment" VALUES(5993741418497,91457236001,'user-paid','card','completed',NULL,200000,200000,X'00000000000040008000000000000001','https://gateway.example.com/card/pay/TXN_CARD_057386d40001f0647eae23a9','https://shop.example.com/paid',1795524436371,1795524436376,1795525036368,1795524436376,NULL,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5993741418498,91457236002,'user-paid','momo','completed',NULL,100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_057386d400027695b086bb72','https://shop.example.com/paid',1795524436383,1795524436386,1795525336383,1795524436386,NULL,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5993741418499,91457236003,'user-paid','momo','refund_due','requested',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_057386d40003c60df1a1f1e2','https://shop.example.com/paid',1795524436389,1795524436395,1795525336389,1795524436392,1795524436395,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5993741418500,91457236004,'user-paid','momo','refunded','requested',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_057386d40004f739cb1a0e26','https://shop.example.com/paid',1795524436400,1795524436407,1795525336400,1795524436403,1795524436405,1795524436407,'bank 4711',NULL);
INSERT INTO "payment" VALUES(5993741418501,91457236005,'user-2','momo','refund_due','showtime_cancelled',100000,100000,NULL,'https://gateway.example.com/momo/pay/TXN_MOMO_057386d40005348afcd1cd8d','https://shop.example.com/paid',1795524436430,1795524436432,1795525336430,1795524436431,1795524436432,NULL,NULL,NULL);
INSERT INTO "payment" VALUES(5993741418502,91457236008,'user-waiting','zalopay','pending',NULL,90000,0,NULL,'https://gateway.example.com/zalopay/pay/TXN_ZALOPAY_057386d400060fe55bc5f4a7','https://shop.example.com/paid',1795524436555,1795524436555,1795525336555,NULL,NULL,NULL,NULL,NULL);
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
INSERT INTO "seat_claim" VALUES(1,12,91457236001,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,13,91457236001,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,14,91457236002,'booked',NULL,NULL);
INSERT INTO "seat_claim" VALUES(1,36,91457236007,'held',1795525036550,NULL);
INSERT INTO "seat_claim" VALUES(1,37,91457236008,'held',1795525336555,NULL);
INSERT INTO "seat_claim" VALUES(1,108,NULL,'blocked',NULL,5993741418497);
INSERT INTO "seat_claim" VALUES(1,109,NULL,'blocked',NULL,5993741418497);
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
INSERT INTO "setting" VALUES('created_at','2026-11-24T12:47:15.249Z');
INSERT INTO "setting" VALUES('id_key',X'5393CF7B94130DED9FB912407857871D');
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
INSERT INTO "showtime" VALUES(1,'500000000000000000000001','aaaaaaaaaaaaaaaaaaaaaaa1','ccccccccccccccccccccccc1','S1',1,1795610835177,1795617855177,'2026-11-25',90000,140000,240000,118,111,25,'scheduled',NULL,NULL);
INSERT INTO "showtime" VALUES(2,'500000000000000000000002','aaaaaaaaaaaaaaaaaaaaaaa1','ccccccccccccccccccccccc1','S1',1,1795610835177,1795617855177,'2026-11-25',100000,150000,250000,118,118,6,'cancelled',1795524436431,'the projector is broken');
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
CREATE UNIQUE INDEX moved_id_id ON moved_id(id, kind);
CREATE UNIQUE INDEX moved_id_code ON moved_id(code_number) WHERE code_number IS NOT NULL;
COMMIT;
PRAGMA application_id=1970497650;
PRAGMA user_version=3;
