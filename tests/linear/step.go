package main

// Each rule gives the worlds in which the operation may have left the showtime with the answer
// that was heard; none: no world explains the answer.
type rule func(before showtime, op *operation) []showtime

var rules = map[string]rule{
	"hold":    holdStep,
	"cancel":  cancelStep,
	"pay":     payStep,
	"money":   moneyStep,
	"map":     mapStep,
	"booking": bookingStep,
}

func step(before showtime, op *operation) []showtime {
	if op.returned() < before.notBeforeMs {
		return nil
	}
	return rules[op.Kind](before, op)
}

func holdStep(before showtime, op *operation) []showtime {
	after := before.copy()
	switch {
	case op.Answer == nil:
		// The id and the end are nobody's to know; the hold begins after the call.
		if !after.free(op.Seats, op) {
			return []showtime{before}
		}
		after.addBooking(booking{"unheard " + op.name, held, op.Seats, op.CallMs + op.HoldMs, never})
		return []showtime{before, after}
	case op.Answer.Status == 201:
		if after.booking(op.Answer.Booking) != nil || !after.free(op.Seats, op) {
			return nil
		}
		after.addBooking(booking{op.Answer.Booking, held, op.Seats, op.Answer.EndsMs, op.Answer.EndsMs})
		return []showtime{after}
	case op.Answer.Status == 409 && len(op.Answer.Seats) > 0:
		return refusedHold(after, op)
	}
	return nil
}

// Every seat that was named must be taken, and no other.
func refusedHold(after showtime, op *operation) []showtime {
	var others []string
	for _, seat := range op.Seats {
		status, named := op.Answer.Seats[seat]
		if !named {
			others = append(others, seat)
			continue
		}
		b := after.owner(seat)
		if b == nil || (status == "booked") != (b.status == confirmed) {
			return nil
		}
		if b.status == held && !b.mayGuard(op) {
			return nil
		}
	}
	if !after.free(others, op) {
		return nil
	}
	for seat := range op.Answer.Seats {
		if after.owner(seat) == nil {
			return nil // Of one booking, one seat was taken and another was not.
		}
	}
	return []showtime{after}
}

func cancelStep(before showtime, op *operation) []showtime {
	after := before.copy()
	b := after.booking(op.Booking)
	if b == nil {
		return nil
	}
	done := b.status == held && b.mayLive(op)
	if done {
		b.status = cancelled
	}
	switch {
	case op.Answer == nil && done:
		return []showtime{before, after}
	case op.Answer == nil:
		return []showtime{before}
	case op.Answer.Status == 200 && (done || b.status == cancelled):
		return []showtime{after}
	case op.Answer.Code == "BOOKING_CANNOT_BE_CANCELLED":
		return endedOr(before, op, confirmed)
	}
	return nil
}

// The refusal says that the booking is in `status`, or that its hold is over.
func endedOr(before showtime, op *operation, status string) []showtime {
	after := before.copy()
	b := after.booking(op.Booking)
	if b.status == held && b.mayBeOver(op) {
		after.expire(b)
		if op.GuardMs > 0 { // It is over for its owner, and still keeps others off.
			lapsed := before.copy()
			lapsed.notBeforeMs = after.notBeforeMs
			return []showtime{after, lapsed}
		}
	}
	if b.status == expired || b.status == status {
		return []showtime{after}
	}
	return nil
}

func payStep(before showtime, op *operation) []showtime {
	after := before.copy()
	b := after.booking(op.Booking)
	if b == nil {
		return nil
	}
	payable := b.status == held && b.mayLive(op)
	if op.Answer == nil {
		if !payable {
			return []showtime{before}
		}
		b.endsToMs = never
		return []showtime{before, after}
	}
	switch op.Answer.Code {
	case "":
		if !payable {
			return nil
		}
		if op.Answer.EndsMs > b.endsFromMs {
			b.endsFromMs = op.Answer.EndsMs
		}
		b.endsToMs = b.endsFromMs
		if after.payment(op.Answer.Payment) == nil {
			after.addPayment(payment{op.Answer.Payment, op.Booking, ""})
		}
		return []showtime{after}
	case "BOOKING_HOLD_EXPIRED":
		return endedOr(before, op, expired)
	case "BOOKING_ALREADY_PAID":
		if b.status == confirmed {
			return []showtime{before}
		}
	case "BOOKING_NOT_PENDING":
		if b.status == cancelled {
			return []showtime{before}
		}
	}
	return nil
}

func moneyStep(before showtime, op *operation) []showtime {
	p := before.payment(op.Payment)
	if p == nil {
		return nil
	}
	if p.outcome != "" {
		if op.Answer == nil || op.Answer.Outcome == "known" || (op.Retried && op.Answer.Outcome == p.outcome) {
			return []showtime{before}
		}
		return nil
	}
	var after []showtime
	for _, outcome := range []string{"seats", "refund"} {
		// A retry that finds the payment decided does not say how.
		heard := op.Answer == nil || op.Answer.Outcome == outcome || (op.Retried && op.Answer.Outcome == "known")
		if !heard {
			continue
		}
		if world, possible := decided(before, op, outcome); possible {
			after = append(after, world)
		}
	}
	if op.Answer == nil {
		after = append(after, before)
	}
	return after
}

// Money buys the seats while the booking has them, or can have them back; else it goes back.
func decided(before showtime, op *operation, outcome string) (showtime, bool) {
	after := before.copy()
	p := after.payment(op.Payment)
	p.outcome = outcome
	b := after.booking(p.booking)
	if outcome == "seats" {
		bought := b.status == held || b.status == expired && after.free(b.seats, op)
		b.status = confirmed
		return after, bought
	}
	if b.status != expired {
		return after, b.status == cancelled || b.status == confirmed
	}
	for _, seat := range b.seats {
		other := after.owner(seat)
		if other != nil && (other.status == confirmed || other.mayGuard(op)) {
			return after, true
		}
	}
	return after, false
}

// All seats at one moment: those that are not in the answer are available.
func mapStep(before showtime, op *operation) []showtime {
	if op.Answer == nil {
		return []showtime{before}
	}
	after := before.copy()
	for place := range after.bookings {
		b := &after.bookings[place]
		if b.status != held && b.status != confirmed {
			continue
		}
		shown := 0
		for _, seat := range b.seats {
			want := map[string]string{held: "held", confirmed: "booked"}[b.status]
			if op.Answer.Seats[seat] == want {
				shown++
			}
		}
		switch {
		case shown == len(b.seats) && (b.status == confirmed || b.mayShow(op)):
		case shown == 0 && b.status == held && b.mayBeOver(op):
			after.expire(b)
		default:
			return nil
		}
	}
	for seat := range op.Answer.Seats {
		if after.owner(seat) == nil {
			return nil
		}
	}
	return []showtime{after}
}

func bookingStep(before showtime, op *operation) []showtime {
	if op.Answer == nil {
		return []showtime{before}
	}
	after := before.copy()
	b := after.booking(op.Booking)
	if b == nil {
		return nil
	}
	if op.Answer.BookingStatus == expired && b.status == held && b.mayBeOver(op) {
		after.expire(b)
	}
	if b.status != op.Answer.BookingStatus || b.status == held && !b.mayShow(op) {
		return nil
	}
	return []showtime{after}
}
