package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A history, an operation a line: when it was called and answered, in milliseconds (-: never),
// what was asked and what was heard. Holds last a second.
type history []string

var possible = map[string]history{
	"one after the other": {
		"0 1 hold A1,A2 -> 201 b1",
		"2 3 map -> A1=held A2=held",
		"4 5 hold A2,A3 -> 409 A2=held",
		"6 7 cancel b1 -> 200",
		"8 9 hold A2,A3 -> 201 b2",
		"10 11 pay b2 -> 201 p1",
		"12 13 money p1 -> seats",
		"14 15 money p1 -> known",
		"16 17 booking b2 -> confirmed",
		"18 19 hold A3 -> 409 A3=booked",
	},
	"two at once, in either order":        {"0 5 hold A1 -> 201 b1", "0 5 hold A1 -> 409 A1=held", "0 5 map ->"},
	"a hold that was not heard, and is":   {"0 - hold A1 ->", "5 6 map -> A1=held", "7 8 hold A1 -> 409 A1=held"},
	"a hold that was not heard, nor is":   {"0 - hold A1 ->", "5 6 map ->", "7 8 hold A1 -> 201 b2"},
	"an end by the clock":                 {"0 1 hold A1 -> 201 b1", "1500 1501 hold A1 -> 201 b2", "1502 1503 booking b1 -> expired"},
	"a hold shown a little after its end": {"0 1 hold A1 -> 201 b1", "1500 1501 map -> A1=held", "1502 1503 hold A1 -> 201 b2"},
	"late money, seats free": {
		"0 1 hold A1 -> 201 b1", "2 3 pay b1 -> 201 p1",
		"1500 1501 map ->", "1502 1503 money p1 -> seats", "1504 1505 hold A1 -> 409 A1=booked",
	},
	"late money, seats gone": {
		"0 1 hold A1 -> 201 b1", "2 3 pay b1 -> 201 p1",
		"1500 1501 hold A1 -> 201 b2", "1502 1503 money p1 -> refund",
	},
	"a cancel that was not heard": {"0 1 hold A1 -> 201 b1", "2 - cancel b1 ->", "9 10 hold A1 -> 201 b2"},
}

var impossible = map[string]history{
	"a seat sold twice":                        {"0 1 hold A1 -> 201 b1", "0 1 hold A1 -> 201 b2"},
	"a part of a hold":                         {"0 1 hold A1,A2 -> 201 b1", "2 3 map -> A1=held"},
	"a hold that was lost":                     {"0 1 hold A1 -> 201 b1", "2 3 map ->"},
	"a hold that ended early":                  {"0 1 hold A1 -> 201 b1", "500 501 hold A1 -> 201 b2"},
	"a hold that ended and came back":          {"0 1 hold A1 -> 201 b1", "1500 1501 map ->", "1502 1503 map -> A1=held"},
	"a refusal after the end":                  {"0 1 hold A1 -> 201 b1", "1500 1501 hold A1 -> 409 A1=held"},
	"a refusal without a reason":               {"0 1 hold A1 -> 409 A1=held"},
	"a refusal that names half":                {"0 1 hold A1 -> 201 b1", "2 3 hold A2 -> 201 b2", "4 5 hold A1,A2 -> 409 A1=held"},
	"a held seat told as booked":               {"0 1 hold A1 -> 201 b1", "2 3 hold A1 -> 409 A1=booked"},
	"a map of before":                          {"0 1 hold A1 -> 201 b1", "2 3 cancel b1 -> 200", "4 5 map -> A1=held"},
	"a cancel that was lost":                   {"0 1 hold A1 -> 201 b1", "2 3 cancel b1 -> 200", "4 5 booking b1 -> pending"},
	"a cancel of what is sold":                 {"0 1 hold A1 -> 201 b1", "2 3 pay b1 -> 201 p1", "4 5 money p1 -> seats", "6 7 cancel b1 -> 200"},
	"a cancel refused for no reason":           {"0 1 hold A1 -> 201 b1", "2 3 cancel b1 -> BOOKING_CANNOT_BE_CANCELLED"},
	"paying what is over":                      {"0 1 hold A1 -> 201 b1", "1500 1501 pay b1 -> 201 p1"},
	"seats and a refund":                       {"0 1 hold A1 -> 201 b1", "2 3 pay b1 -> 201 p1", "4 5 money p1 -> seats", "6 7 money p1 -> refund"},
	"a refund of money in time":                {"0 1 hold A1 -> 201 b1", "2 3 pay b1 -> 201 p1", "4 5 money p1 -> refund"},
	"two payments that bought one seat":        {"0 1 hold A1 -> 201 b1", "2 3 pay b1 -> 201 p1", "4 5 pay b1 -> 201 p2", "6 7 money p1 -> seats", "8 9 money p2 -> seats"},
	"money that took another's seat":           {"0 1 hold A1 -> 201 b1", "2 3 pay b1 -> 201 p1", "1500 1501 hold A1 -> 201 b2", "1502 1503 money p1 -> seats"},
	"money that was forgotten":                 {"0 1 hold A1 -> 201 b1", "2 3 pay b1 -> 201 p1", "4 5 money p1 -> seats", "6 7 booking b1 -> pending"},
	"a hold unheard that covers a double sale": {"0 - hold A1 ->", "500 501 hold A1 -> 201 b1", "1100 1101 hold A1 -> 201 b2"},
	"a hold unheard that covers an early end":  {"0 - hold A2 ->", "500 501 hold A1 -> 201 b1", "600 601 booking b1 -> expired"},
	"a hold unheard that is there and not":     {"0 - hold A1 ->", "5 6 map -> A1=held", "7 8 map ->"},
}

func parse(t *testing.T, lines history) []*operation {
	var operations []*operation
	for number, line := range lines {
		asked, heard, found := strings.Cut(line, " ->")
		if !found {
			t.Fatal("no arrow: ", line)
		}
		words := append(strings.Fields(asked), "")
		op := &operation{Client: number, Kind: words[2], HoldMs: 1000, name: line}
		op.CallMs = number64(t, words[0])
		op.Call = op.CallMs * 1e6
		switch op.Kind {
		case "hold":
			op.Seats = strings.Split(words[3], ",")
		case "money":
			op.Payment = words[3]
		default:
			op.Booking = words[3]
		}
		if words[1] != "-" {
			op.ReturnMs = number64(t, words[1])
			op.Return = op.ReturnMs * 1e6
			op.Answer = parseAnswer(op, strings.Fields(heard))
		}
		operations = append(operations, op)
	}
	return operations
}

func number64(t *testing.T, text string) int64 {
	var number int64
	if err := json.Unmarshal([]byte(text), &number); err != nil {
		t.Fatal(err)
	}
	return number
}

func parseAnswer(op *operation, words []string) *answer {
	heard := &answer{Seats: map[string]string{}, EndsMs: op.CallMs + 1000}
	for _, word := range words {
		seat, status, isSeat := strings.Cut(word, "=")
		switch {
		case isSeat:
			heard.Seats[seat] = status
		case word == "200" || word == "201" || word == "409":
			heard.Status = map[string]int{"200": 200, "201": 201, "409": 409}[word]
		case strings.HasPrefix(word, "BOOKING"):
			heard.Code = word
		case op.Kind == "hold":
			heard.Booking = word
		case op.Kind == "pay":
			heard.Payment = word
		case op.Kind == "money":
			heard.Outcome = word
		default:
			heard.BookingStatus = word
		}
	}
	if op.Kind == "pay" {
		heard.EndsMs = 0 // A payment that does not extend the hold.
	}
	return heard
}

func TestWhatCanHaveHappenedIsAccepted(t *testing.T) {
	for name, lines := range possible {
		if fault := judgeOrder(parse(t, lines), ""); fault != "" {
			t.Errorf("%s: %s", name, fault)
		}
	}
}

// Several instances keep a seat for a while after its hold: their clocks differ.
func TestAGuardKeepsOthersOffAndNothingElse(t *testing.T) {
	guarded := map[string]history{
		"a refusal in the guard":   {"0 1 hold A1 -> 201 b1", "1500 1501 hold A1 -> 409 A1=held"},
		"over, and not yet marked": {"0 1 hold A1 -> 201 b1", "1500 1501 pay b1 -> BOOKING_HOLD_EXPIRED", "1502 1503 booking b1 -> pending"},
		"money and a seat in its guard": {
			"0 1 hold A1 -> 201 b1", "2 3 pay b1 -> 201 p1",
			"1500 1501 hold A1 -> 201 b2", "3000 3001 money p1 -> refund",
		},
	}
	forbidden := map[string]history{
		"a refusal after the guard": {"0 1 hold A1 -> 201 b1", "3001 3002 hold A1 -> 409 A1=held"},
		"paying in the guard":       {"0 1 hold A1 -> 201 b1", "1500 1501 pay b1 -> 201 p1"},
		"a seat sold twice":         {"0 1 hold A1 -> 201 b1", "500 501 hold A1 -> 201 b2"},
	}
	for name, lines := range guarded {
		if fault := judgeOrder(guard(parse(t, lines)), ""); fault != "" {
			t.Errorf("%s: %s", name, fault)
		}
		if judgeOrder(parse(t, lines), "") == "" {
			t.Errorf("%s: was accepted without a guard", name)
		}
	}
	for name, lines := range forbidden {
		if judgeOrder(guard(parse(t, lines)), "") == "" {
			t.Errorf("%s: was accepted", name)
		}
	}
}

func guard(operations []*operation) []*operation {
	for _, op := range operations {
		op.GuardMs = 2000
	}
	return operations
}

func TestWhatCannotHaveHappenedIsFound(t *testing.T) {
	for name, lines := range impossible {
		if judgeOrder(parse(t, lines), "") == "" {
			t.Errorf("%s: was accepted", name)
		}
	}
}

func TestVersionsThatGoBackAreFound(t *testing.T) {
	history := parse(t, history{"0 1 map ->", "2 3 map ->"})
	history[0].Answer.Version, history[1].Answer.Version = 7, 7
	if fault := judgeVersions(history); fault != "" {
		t.Error(fault)
	}
	history[1].Answer.Version = 6
	if judgeVersions(history) == "" {
		t.Error("6 after 7 was accepted")
	}
	history[1].Call = 0
	if fault := judgeVersions(history); fault != "" {
		t.Error("they overlap: ", fault)
	}
}

func TestAFileThatIsNoHistoryIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	for _, text := range []string{"{", `{"kind":"dance"}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := read(path); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}
