// Google's in-memory Pub/Sub server and Google's own client, for the proofs: what Sluice sent is read back by what nobody
// here wrote.
//
//	pubsub_peer serve PORT
//	pubsub_peer subscribe ADDRESS PROJECT TOPIC SUBSCRIPTION
//	pubsub_peer receive ADDRESS PROJECT SUBSCRIPTION COUNT
//	pubsub_peer topics ADDRESS PROJECT
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"cloud.google.com/go/pubsub"
	"cloud.google.com/go/pubsub/pstest"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // so that the server takes what is compressed
)

const patience = 2 * time.Minute

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// On loopback.
func serve(port int) {
	server := pstest.NewServerWithPort(port)
	fmt.Println("listening on", server.Addr)
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	<-stop
	fail(server.Close())
}

func client(ctx context.Context, address, project string) *pubsub.Client {
	connection, err := grpc.Dial(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	fail(err)
	made, err := pubsub.NewClient(ctx, project, option.WithGRPCConn(connection))
	fail(err)
	return made
}

func subscribe(ctx context.Context, address, project, topic, subscription string) {
	pub := client(ctx, address, project)
	_, err := pub.CreateSubscription(ctx, subscription, pubsub.SubscriptionConfig{
		Topic:                 pub.Topic(topic),
		EnableMessageOrdering: true,
		AckDeadline:           60 * time.Second,
	})
	fail(err)
}

func topics(ctx context.Context, address, project string) {
	found := map[string]float64{}
	each := client(ctx, address, project).Topics(ctx)
	for {
		topic, err := each.Next()
		if err == iterator.Done {
			break
		}
		fail(err)
		config, err := topic.Config(ctx)
		fail(err)
		retention, _ := config.RetentionDuration.(time.Duration)
		found[topic.ID()] = retention.Hours()
	}
	fail(json.NewEncoder(os.Stdout).Encode(found))
}

type received struct {
	Data       []byte            `json:"data"`
	Attributes map[string]string `json:"attributes"`
	Key        string            `json:"key"`
}

func receive(ctx context.Context, address, project, subscription string, count int) {
	enough, stop := context.WithCancel(ctx)
	defer stop()
	var mutex sync.Mutex
	out := json.NewEncoder(os.Stdout)
	left := count
	err := client(ctx, address, project).Subscription(subscription).Receive(enough,
		func(_ context.Context, message *pubsub.Message) {
			mutex.Lock()
			defer mutex.Unlock()
			message.Ack()
			fail(out.Encode(received{message.Data, message.Attributes, message.OrderingKey}))
			left--
			if left == 0 {
				stop()
			}
		})
	fail(err)
	if left > 0 {
		fail(fmt.Errorf("%d of %d messages did not come", left, count))
	}
}

func main() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	arguments := os.Args
	switch {
	case len(arguments) == 3 && arguments[1] == "serve":
		port, err := strconv.Atoi(arguments[2])
		fail(err)
		serve(port)
	case len(arguments) == 6 && arguments[1] == "subscribe":
		subscribe(ctx, arguments[2], arguments[3], arguments[4], arguments[5])
	case len(arguments) == 4 && arguments[1] == "topics":
		topics(ctx, arguments[2], arguments[3])
	case len(arguments) == 6 && arguments[1] == "receive":
		count, err := strconv.Atoi(arguments[5])
		fail(err)
		receive(ctx, arguments[2], arguments[3], arguments[4], count)
	default:
		fail(fmt.Errorf("serve, subscribe, receive or topics, with their arguments"))
	}
}
