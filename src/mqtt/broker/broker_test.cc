#include "mqtt/broker/broker.h"
#include "mqtt/broker/message_memory.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "mqtt/packet/topic.h"
#include "mqtt/packet/v3.h"

namespace penstock::mqtt {
namespace {

using broker::Session;
using packet::ConnectCode;
using session::CloseReason;
using testing::ElementsAre;
using testing::IsEmpty;

struct Anyone final : ClientIdentity {
  [[nodiscard]] std::string_view principal() const override { return "anyone"; }
};

struct FakeGatekeeper final : Gatekeeper {
  std::set<std::string, std::less<>> denied_clients, denied_publish, denied_subscribe, denied_receive;
  Result<IdentityPtr> connect(const ConnectAttempt& attempt) override {
    if (denied_clients.contains(attempt.client_id)) return fail(ErrorKind::denied, "no");
    return std::make_shared<Anyone>();
  }
  bool may_publish(const ClientIdentity&, std::string_view topic, bool) override {
    return !denied_publish.contains(topic);
  }
  bool may_subscribe(const ClientIdentity&, std::string_view filter) override {
    return !denied_subscribe.contains(filter);
  }
  bool may_receive(const ClientIdentity&, std::string_view topic) override { return !denied_receive.contains(topic); }
};

struct FakeSink final : PublishSink {
  std::vector<MessagePtr> messages;
  bool failing = false;
  Task<Result<void>> on_publish(MessagePtr message) override {
    messages.push_back(std::move(message));
    if (failing) co_return fail(ErrorKind::unavailable, "disk");
    co_return Result<void>{};
  }
};

struct FakeLink final : broker::Link {
  int wakes = 0;
  std::optional<CloseReason> closed;
  void wake() override { ++wakes; }
  void close(CloseReason reason) override { closed = reason; }
};

/// Keeps documents; fails on demand.
class FakeCatalog final : public catalog::Catalog {
 public:
  std::map<std::string, std::string> documents;
  int commits = 0;
  std::optional<catalog::Document> get(std::string_view) const override { return std::nullopt; }
  std::vector<catalog::Document> list(std::string_view prefix, std::string_view, std::size_t) const override {
    std::vector<catalog::Document> out;
    for (const auto& [key, bytes] : documents) {
      if (key.starts_with(prefix)) out.push_back({key, 1, std::make_shared<const std::string>(bytes)});
    }
    return out;
  }
  Task<Result<catalog::Version>> commit(std::vector<catalog::Change> changes) override {
    ++commits;
    for (auto& change : changes) {
      if (change.bytes) {
        documents[change.key] = *change.bytes;
      } else {
        documents.erase(change.key);
      }
    }
    co_return catalog::Version{1};
  }
  std::unique_ptr<catalog::Subscription> watch(std::string, std::function<void(const catalog::Event&)>) override {
    return nullptr;
  }
};

struct BrokerTest : testing::Test {
  ManualClock clock;
  SeededRandom random{1};
  FakeCatalog catalog;
  FakeGatekeeper gatekeeper;
  FakeSink sink;
  ManualExecutor executor;
  BrokerOptions options;
  std::unique_ptr<Broker> broker = std::make_unique<Broker>(clock, random, &catalog, gatekeeper, sink, options);

  struct Client {
    std::shared_ptr<FakeLink> link = std::make_shared<FakeLink>();
    Broker::Connected as;
  };

  Client connect(const std::string& id, bool clean = true, std::optional<packet::Will> will = std::nullopt) {
    packet::Connect request;
    request.client_id = id;
    request.clean_session = clean;
    request.will = std::move(will);
    Client client;
    client.as = broker->connect(request, {}, client.link, executor).value();
    received(client);
    return client;
  }
  std::vector<std::uint8_t> subscribe(const Client& client, const std::string& filter, std::uint8_t qos = 1) {
    return broker->subscribe(client.as, {.id = 1, .subscriptions = {{filter, qos}}})->codes;
  }
  MessagePtr message(const std::string& topic, const std::string& payload, std::uint8_t qos = 1, bool retain = false) {
    auto out = std::make_shared<Message>();
    out->topic = topic;
    out->payload = payload;
    out->qos = qos;
    out->retain = retain;
    return out;
  }
  bool publish(const Client& client, const MessagePtr& m) {
    if (!broker->publish(client.as, m)) return false;
    return run_sync(broker->admit(m)).has_value();
  }
  /// Payloads that the client gets now; retained ones with an exclamation mark.
  std::vector<std::string> received(const Client& client) {
    std::string bytes;
    broker->pump(client.as, bytes, 1 << 20);
    std::vector<std::string> out;
    std::string_view rest = bytes;
    std::vector<packet::PacketId> ids;
    while (!rest.empty()) {
      const auto frame = packet::cut_frame(rest).value().value();
      const auto one = packet::v3::decode_publish(frame).value();
      out.push_back(std::string(one.payload) + (one.retain ? "!" : ""));
      if (one.id != 0) ids.push_back(one.id);
      rest.remove_prefix(frame.size);
    }
    client.as.session->acknowledge(client.as.epoch, ids);
    return out;
  }
};

TEST_F(BrokerTest, MessagesReachMatchingSubscribersOnceEach) {
  const auto a = connect("a");
  const auto b = connect("b");
  const auto c = connect("c");
  subscribe(a, "room/+/t");
  subscribe(a, "room/#");
  subscribe(b, "room/1/t");
  subscribe(c, "room/2/t");
  ASSERT_TRUE(publish(c, message("room/1/t", "21")));
  EXPECT_THAT(received(a), ElementsAre("21"));
  EXPECT_THAT(received(b), ElementsAre("21"));
  EXPECT_THAT(received(c), IsEmpty());
  EXPECT_EQ(sink.messages.size(), 1u);
}

TEST_F(BrokerTest, AWakeForManyMessages) {
  const auto a = connect("a");
  const auto b = connect("b");
  subscribe(a, "t");
  for (int i = 0; i < 3; ++i) publish(b, message("t", std::to_string(i)));
  EXPECT_EQ(a.link->wakes, 1);
  EXPECT_THAT(received(a), ElementsAre("0", "1", "2"));
  publish(b, message("t", "3"));
  EXPECT_EQ(a.link->wakes, 2);
}

TEST_F(BrokerTest, UnsubscribedMeansNoMore) {
  const auto a = connect("a");
  subscribe(a, "x/+");
  broker->unsubscribe(a.as, {.id = 1, .filters = {"x/+"}});
  publish(a, message("x/y", "1"));
  EXPECT_THAT(received(a), IsEmpty());
  EXPECT_EQ(broker->stats().subscriptions_now, 0u);
}

TEST_F(BrokerTest, PoliciesDecideAboutEveryPacket) {
  gatekeeper.denied_clients = {"mallory"};
  gatekeeper.denied_publish = {"secret"};
  gatekeeper.denied_subscribe = {"#"};
  gatekeeper.denied_receive = {"hidden"};
  packet::Connect request;
  request.client_id = "mallory";
  const auto refused = broker->connect(request, {}, std::make_shared<FakeLink>(), executor);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), ConnectCode::not_authorized);

  const auto a = connect("a");
  EXPECT_FALSE(publish(a, message("secret", "1")));
  EXPECT_TRUE(sink.messages.empty());
  EXPECT_THAT(subscribe(a, "#"), ElementsAre(0x80));
  EXPECT_THAT(subscribe(a, "+"), ElementsAre(1));
  publish(a, message("hidden", "1"));
  publish(a, message("seen", "2"));
  EXPECT_THAT(received(a), ElementsAre("2"));
  EXPECT_EQ(broker->stats().denied, 3u);
}

TEST_F(BrokerTest, AWillThatMayNotBePublishedIsRefusedAtConnect) {
  gatekeeper.denied_publish = {"secret"};
  packet::Connect request;
  request.client_id = "a";
  request.will = packet::Will{.topic = "secret", .payload = "x"};
  EXPECT_EQ(broker->connect(request, {}, std::make_shared<FakeLink>(), executor).error(), ConnectCode::not_authorized);
}

TEST_F(BrokerTest, ASecondConnectionWithTheSameIdTakesOver) {
  const auto first = connect("a", true, packet::Will{.topic = "gone", .payload = "a"});
  const auto watcher = connect("w");
  subscribe(watcher, "gone");
  const auto second = connect("a");
  ASSERT_TRUE(first.link->closed.has_value());
  EXPECT_EQ(*first.link->closed, CloseReason::taken_over);
  EXPECT_THAT(received(watcher), ElementsAre("a"));
  EXPECT_EQ(broker->stats().connections_now, 2u);
  broker->disconnect(first.as, false, executor);  // the old connection notices late: nothing happens
  subscribe(second, "t");
  publish(watcher, message("t", "hello"));
  EXPECT_THAT(received(second), ElementsAre("hello"));
  EXPECT_EQ(broker->stats().connections_now, 2u);
}

TEST_F(BrokerTest, WillIsPublishedUnlessTheClientSaysGoodbye) {
  const auto watcher = connect("w");
  subscribe(watcher, "gone");
  const packet::Will will{.topic = "gone", .payload = "bye", .qos = 1, .retain = true};
  broker->disconnect(connect("polite", true, will).as, true, executor);
  EXPECT_THAT(received(watcher), IsEmpty());
  broker->disconnect(connect("rude", true, will).as, false, executor);
  executor.run_ready();
  EXPECT_THAT(received(watcher), ElementsAre("bye"));
  ASSERT_NE(broker->retained().find("gone"), nullptr);
  EXPECT_EQ(sink.messages.size(), 1u);
  EXPECT_EQ(sink.messages[0]->client_id, "rude");
}

TEST_F(BrokerTest, PersistentSessionsKeepSubscriptionsAndQos1Messages) {
  const auto sender = connect("s");
  auto a = connect("a", false);
  EXPECT_FALSE(a.as.session_present);
  subscribe(a, "t");
  broker->disconnect(a.as, true, executor);
  publish(sender, message("t", "kept", 1));
  publish(sender, message("t", "lost", 0));
  packet::Connect request;
  request.client_id = "a";
  request.clean_session = false;
  a.as = broker->connect(request, {}, a.link, executor).value();
  EXPECT_TRUE(a.as.session_present);
  EXPECT_THAT(received(a), ElementsAre("kept"));
  a = connect("a", true);
  EXPECT_FALSE(a.as.session_present);
  publish(sender, message("t", "later"));
  EXPECT_THAT(received(a), IsEmpty());
}

TEST_F(BrokerTest, CleanSessionsEndWithTheirConnection) {
  const auto a = connect("a");
  subscribe(a, "t");
  broker->disconnect(a.as, true, executor);
  EXPECT_EQ(broker->stats().sessions_now, 0u);
  EXPECT_EQ(broker->stats().subscriptions_now, 0u);
}

TEST_F(BrokerTest, SleepingSessionsExpire) {
  auto a = connect("a", false);
  subscribe(a, "t");
  broker->expire_sessions();
  broker->disconnect(a.as, true, executor);
  clock.advance(std::chrono::minutes(59));
  broker->expire_sessions();
  EXPECT_EQ(broker->stats().sessions_now, 1u);
  clock.advance(std::chrono::minutes(2));
  broker->expire_sessions();
  EXPECT_EQ(broker->stats().sessions_now, 0u);
  EXPECT_EQ(broker->stats().subscriptions_now, 0u);
}

TEST_F(BrokerTest, RetainedMessagesComeWithAnExactSubscriptionAndSurviveARestart) {
  const auto a = connect("a");
  publish(a, message("config/a", "old", 1, true));
  publish(a, message("config/a", "new", 1, true));
  subscribe(a, "config/+");
  EXPECT_THAT(received(a), IsEmpty()) << "AWS IoT sends retained messages only for a filter without wildcards";
  subscribe(a, "config/a");
  EXPECT_THAT(received(a), ElementsAre("new!"));
  publish(a, message("config/a", "newer", 1, true));
  EXPECT_THAT(received(a), ElementsAre("newer")) << "RETAIN is for new subscriptions only";

  broker = std::make_unique<Broker>(clock, random, &catalog, gatekeeper, sink, options);
  ASSERT_TRUE(broker->load().has_value());
  const auto b = connect("b");
  subscribe(b, "config/a");
  EXPECT_THAT(received(b), ElementsAre("newer!"));
  publish(b, message("config/a", "", 1, true));
  EXPECT_EQ(broker->retained().find("config/a"), nullptr);
  EXPECT_TRUE(catalog.documents.empty());
}

TEST_F(BrokerTest, TooManyRetainedMessagesAreNotAcknowledged) {
  options.retained.messages_max = 1;
  broker = std::make_unique<Broker>(clock, random, &catalog, gatekeeper, sink, options);
  const auto a = connect("a");
  EXPECT_TRUE(publish(a, message("1", "x", 1, true)));
  EXPECT_FALSE(publish(a, message("2", "x", 1, true)));
  EXPECT_TRUE(publish(a, message("1", "y", 1, true)));
  EXPECT_TRUE(publish(a, message("1", "", 1, true)));
  EXPECT_TRUE(publish(a, message("2", "x", 1, true)));
}

TEST_F(BrokerTest, BasicIngestGoesToTheRulesAlone) {
  const auto a = connect("a");
  subscribe(a, "$aws/rules/r/t");
  publish(a, message("$aws/rules/r/t", "x"));
  EXPECT_THAT(received(a), IsEmpty());
  EXPECT_EQ(sink.messages.size(), 1u);
}

TEST_F(BrokerTest, TheHouseDeliversWithoutTheSink) {
  const auto a = connect("a");
  subscribe(a, "t");
  broker->deliver(message("t", "from the house"));
  EXPECT_THAT(received(a), ElementsAre("from the house"));
  EXPECT_TRUE(sink.messages.empty());
}

TEST_F(BrokerTest, MoreThanFiftySubscriptionsEndTheConnection) {
  const auto a = connect("a");
  for (int i = 0; i < 50; ++i) EXPECT_THAT(subscribe(a, "t/" + std::to_string(i)), ElementsAre(1));
  EXPECT_FALSE(broker->subscribe(a.as, {.id = 1, .subscriptions = {{"one/more", 1}}}).has_value());
}

TEST_F(BrokerTest, ClientsWithoutAnIdGetOneEach) {
  packet::Connect request;
  const auto one = broker->connect(request, {}, std::make_shared<FakeLink>(), executor).value();
  const auto two = broker->connect(request, {}, std::make_shared<FakeLink>(), executor).value();
  EXPECT_NE(one.session->client_id(), two.session->client_id());
}

TEST(MessageMemory, AMessageCountsOnceUntilTheLastWhoWaitsForItIsGone) {
  const auto memory = std::make_shared<session::MessageMemory>();
  auto message = std::make_shared<Message>();
  message->payload = std::string(1000, 'x');
  auto one = broker::counted(message, memory);
  auto two = one;
  EXPECT_EQ(two->payload, message->payload);
  const std::size_t bytes = memory->outbound;
  EXPECT_GE(bytes, 1000U);
  one.reset();
  EXPECT_EQ(memory->outbound, bytes);
  two.reset();
  EXPECT_EQ(memory->outbound, 0U);
}

TEST(SubscriptionsTest, TrieAgreesWithTopicMatches) {
  const session::Limits limits;
  SeededRandom random(7);
  const auto make = [&](bool filter) {
    std::string out;
    const auto levels = 1 + random.below(4);
    for (std::uint64_t i = 0; i < levels; ++i) {
      if (i > 0) out += '/';
      const auto pick = random.below(filter ? 6 : 4);
      if (pick == 5 && i + 1 == levels) {
        out += '#';
      } else {
        out += pick >= 4 ? "+" : pick == 3 ? "$x" : std::string(1, static_cast<char>('a' + pick));
      }
    }
    return out;
  };
  for (int round = 0; round < 50; ++round) {
    broker::Subscriptions trie;
    std::vector<std::pair<std::string, broker::SessionPtr>> all;
    for (int i = 0; i < 30; ++i) {
      all.emplace_back(make(true), std::make_shared<Session>(std::to_string(i), limits));
      trie.add(all.back().first, all.back().second, 1);
    }
    const auto gone = all.back();
    all.pop_back();
    trie.remove(gone.first, gone.second.get());
    for (int i = 0; i < 40; ++i) {
      const auto topic = make(false);
      std::set<Session*> expected;
      for (const auto& [filter, session] : all) {
        if (packet::topic_matches(filter, topic)) expected.insert(session.get());
      }
      std::vector<broker::Subscriber> found;
      trie.match(topic, found);
      std::set<Session*> actual;
      for (const auto& one : found) actual.insert(one.session.get());
      ASSERT_EQ(actual, expected) << topic;
    }
    for (const auto& [filter, session] : all) trie.remove(filter, session.get());
    ASSERT_EQ(trie.count(), 0u);
  }
}

}  // namespace
}  // namespace penstock::mqtt
