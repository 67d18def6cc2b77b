// Checks that what clients saw of each showtime can have happened one operation after the other,
// each between its call and its answer (docs/guarantees.md, G4).
//
//	linear [-pictures FOLDER] FILE
//
// FILE has an operation a line, as JSON; tests/system/support/history.py writes it and says what
// the members are. It trusts nothing that the server says of order: the search is porcupine's.
// Versions are looked at apart from it: an answer that was there before another call was made
// must not be of a later version.
package main

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

const searchMax = 60 * time.Second // A showtime; one that takes longer has too long a history.

type answer struct {
	Status        int               `json:"status"`
	Code          string            `json:"code"`
	Booking       string            `json:"booking"`
	Payment       string            `json:"payment"`
	EndsMs        int64             `json:"ends_ms"`
	Seats         map[string]string `json:"seats"` // Those that are not available.
	BookingStatus string            `json:"booking_status"`
	Outcome       string            `json:"outcome"` // Of money: seats, refund, known.
	Version       uint64            `json:"version"`
}

type operation struct {
	Showtime string   `json:"showtime"`
	Client   int      `json:"client"`
	Kind     string   `json:"kind"`
	Seats    []string `json:"seats"`
	Booking  string   `json:"booking"`
	Payment  string   `json:"payment"`
	HoldMs   int64    `json:"hold_ms"`
	GuardMs  int64    `json:"guard_ms"`  // So much longer a hold keeps others off its seats.
	Call     int64    `json:"call_ns"`   // By a steady clock.
	Return   int64    `json:"return_ns"` // 0: nothing was heard.
	CallMs   int64    `json:"call_ms"`   // By the wall's clock, that of holds.
	ReturnMs int64    `json:"return_ms"` // The same.
	Retried  bool     `json:"retried"`   // Sent more than once, under the same key.
	Answer   *answer  `json:"answer"`
	name     string
}

func (op *operation) returned() int64 {
	if op.Answer == nil {
		return never
	}
	return op.ReturnMs
}

func read(path string) (map[string][]*operation, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	histories := map[string][]*operation{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		op := &operation{name: fmt.Sprint(number)}
		if err := json.Unmarshal(lines.Bytes(), op); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
		if rules[op.Kind] == nil {
			return nil, fmt.Errorf("%s:%d: no such kind: %q", path, number, op.Kind)
		}
		histories[op.Showtime] = append(histories[op.Showtime], op)
	}
	return histories, lines.Err()
}

func model() porcupine.Model {
	return (&porcupine.NondeterministicModel{
		Init: func() []interface{} { return []interface{}{showtime{}} },
		Step: func(state, input, _ interface{}) []interface{} {
			var after []interface{}
			for _, world := range step(state.(showtime), input.(*operation)) {
				after = append(after, world)
			}
			return after
		},
		Equal: func(one, other interface{}) bool {
			return one.(showtime).String() == other.(showtime).String()
		},
		DescribeOperation: func(input, _ interface{}) string { return describe(input.(*operation)) },
		DescribeState:     func(state interface{}) string { return state.(showtime).String() },
	}).ToModel()
}

func describe(op *operation) string {
	text, _ := json.Marshal(op.Answer)
	return fmt.Sprintf("%s %v%s%s -> %s", op.Kind, op.Seats, op.Booking, op.Payment, text)
}

// Searches for an order of one showtime's operations; "" if there is one.
func judgeOrder(history []*operation, picture string) string {
	var operations []porcupine.Operation
	for _, op := range history {
		returned := op.Return
		if op.Answer == nil {
			returned = math.MaxInt64 // It may take effect at any time from its call on, or never.
		}
		operations = append(operations, porcupine.Operation{ClientId: op.Client, Input: op, Call: op.Call, Return: returned})
	}
	result, info := porcupine.CheckOperationsVerbose(model(), operations, searchMax)
	if result == porcupine.Ok {
		return ""
	}
	if picture != "" {
		if err := porcupine.VisualizePath(model(), info, picture); err != nil {
			fmt.Println(err)
		}
	}
	return fmt.Sprintf("no order of its %d operations explains the answers (%v)", len(history), result)
}

// Looks for an answer that was older than one heard before it was asked for.
func judgeVersions(history []*operation) string {
	var heard []*operation
	for _, op := range history {
		if op.Answer != nil && op.Answer.Version > 0 {
			heard = append(heard, op)
		}
	}
	calls := append([]*operation{}, heard...)
	sort.Slice(calls, func(i, j int) bool { return calls[i].Call < calls[j].Call })
	sort.Slice(heard, func(i, j int) bool { return heard[i].Return < heard[j].Return })
	var latest *operation
	next := 0
	for _, op := range calls {
		for ; next < len(heard) && heard[next].Return < op.Call; next++ {
			if latest == nil || heard[next].Answer.Version > latest.Answer.Version {
				latest = heard[next]
			}
		}
		if latest != nil && op.Answer.Version < latest.Answer.Version {
			return fmt.Sprintf("version %d (%s) came after version %d (%s)", op.Answer.Version, describe(op), latest.Answer.Version, describe(latest))
		}
	}
	return ""
}

func main() {
	pictures := flag.String("pictures", "", "draw histories that fail into this folder")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: linear [-pictures FOLDER] FILE")
		os.Exit(2)
	}
	histories, err := read(flag.Arg(0))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	passed, failed := 0, 0
	for id, history := range histories {
		picture := ""
		if *pictures != "" {
			picture = filepath.Join(*pictures, id+".html")
		}
		fault := judgeVersions(history)
		if fault == "" {
			fault = judgeOrder(history, picture)
		}
		if fault == "" {
			passed++
			continue
		}
		failed++
		fmt.Printf("showtime %s: %s\n", id, fault)
	}
	fmt.Printf("%d passed, %d failed\n", passed, failed)
	if failed > 0 || passed == 0 {
		os.Exit(1)
	}
}
