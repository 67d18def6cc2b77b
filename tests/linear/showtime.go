package main

import (
	"fmt"
	"math"
	"sort"
	"strings"
)

// What a booking is in the sequential world: nothing but its last word.
const (
	held      = "pending"
	confirmed = "confirmed"
	cancelled = "cancelled"
	expired   = "expired"
)

// A hold shown in a map or a booking may be as old as the server's rounds are apart.
const shownAfterEndMs = 5000

const never = math.MaxInt64

type booking struct {
	id     string
	status string
	seats  []string
	// The hold ends somewhere in between: both are the moment of the answer, if there was one.
	endsFromMs, endsToMs int64
}

type payment struct {
	id, booking, outcome string
}

// A showtime between two operations. Seats that no booking has are available.
type showtime struct {
	bookings []booking
	payments []payment
	// A hold has ended by the clock, so it is not earlier than this: nothing that was answered
	// before can follow.
	notBeforeMs int64
}

func (s showtime) copy() showtime {
	return showtime{append([]booking{}, s.bookings...), append([]payment{}, s.payments...), s.notBeforeMs}
}

func (s showtime) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "not before %d\n", s.notBeforeMs)
	for _, b := range s.bookings {
		fmt.Fprintf(&text, "%s %s %s %d..%d\n", b.id, b.status, strings.Join(b.seats, ","), b.endsFromMs, b.endsToMs)
	}
	for _, p := range s.payments {
		fmt.Fprintf(&text, "%s of %s: %s\n", p.id, p.booking, p.outcome)
	}
	return text.String()
}

func (s *showtime) booking(id string) *booking {
	for place := range s.bookings {
		if s.bookings[place].id == id {
			return &s.bookings[place]
		}
	}
	return nil
}

func (s *showtime) payment(id string) *payment {
	for place := range s.payments {
		if s.payments[place].id == id {
			return &s.payments[place]
		}
	}
	return nil
}

func (s *showtime) owner(seat string) *booking {
	for place := range s.bookings {
		b := &s.bookings[place]
		if b.status != held && b.status != confirmed {
			continue
		}
		for _, own := range b.seats {
			if own == seat {
				return b
			}
		}
	}
	return nil
}

// Adds in the order of ids, so that the same world is always written the same way.
func (s *showtime) addBooking(b booking) {
	s.bookings = append(s.bookings, b)
	sort.Slice(s.bookings, func(i, j int) bool { return s.bookings[i].id < s.bookings[j].id })
}

func (s *showtime) addPayment(p payment) {
	s.payments = append(s.payments, p)
	sort.Slice(s.payments, func(i, j int) bool { return s.payments[i].id < s.payments[j].id })
}

// May the hold have ended by the end of the operation? May it live at its beginning?
func (b *booking) mayBeOver(op *operation) bool { return op.returned() >= b.endsFromMs }
func (b *booking) mayLive(op *operation) bool   { return op.CallMs < b.endsToMs }
func (b *booking) mayShow(op *operation) bool {
	return b.endsToMs == never || op.CallMs < b.endsToMs+op.GuardMs+shownAfterEndMs
}

// May it keep others off its seats at the beginning of the operation?
func (b *booking) mayGuard(op *operation) bool {
	return b.endsToMs == never || op.CallMs < b.endsToMs+op.GuardMs
}

// The clock has ended a hold.
func (s *showtime) expire(b *booking) {
	b.status = expired
	if b.endsFromMs > s.notBeforeMs {
		s.notBeforeMs = b.endsFromMs
	}
}

// Makes the seats available for a booking, ending holds that may be over; false if it cannot be.
func (s *showtime) free(seats []string, op *operation) bool {
	for _, seat := range seats {
		b := s.owner(seat)
		if b == nil {
			continue
		}
		if b.status != held || !b.mayBeOver(op) {
			return false
		}
		s.expire(b)
	}
	return true
}
