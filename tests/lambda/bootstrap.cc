// A custom runtime as a user would compile it: the Runtime API over plain sockets, nothing of Penstock's in it.
// Its handler's name says what it does: "noop" answers null; "clock" prints when it got the event, and the data of its
// records, and answers null; any other answers an event with the event and how many it has seen.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

struct Answer {
  std::string head;
  std::string body;
};

std::string header(const Answer& answer, const std::string& name) {
  std::string lower = answer.head;
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  const std::size_t at = lower.find("\r\n" + name + ": ");
  if (at == std::string::npos) return {};
  const std::size_t from = at + name.size() + 4;
  return answer.head.substr(from, answer.head.find("\r\n", from) - from);
}

class RuntimeApi {
 public:
  explicit RuntimeApi(const std::string& address) {
    const std::size_t colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::atoi(address.c_str() + colon + 1)));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    socket_ = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) std::exit(3);
  }

  Answer call(const std::string& method, const std::string& path, const std::string& body) {
    const std::string request = method + " /2018-06-01/runtime/" + path +
                                " HTTP/1.1\r\nHost: runtime\r\nContent-Length: " + std::to_string(body.size()) +
                                "\r\n\r\n" + body;
    for (std::size_t sent = 0; sent < request.size();) {
      const ssize_t n = ::send(socket_, request.data() + sent, request.size() - sent, MSG_NOSIGNAL);
      if (n <= 0) std::exit(4);
      sent += static_cast<std::size_t>(n);
    }
    Answer answer;
    std::size_t end = read_until([&] { return input_.find("\r\n\r\n"); });
    answer.head = input_.substr(0, end + 2);
    input_.erase(0, end + 4);
    const std::size_t length = static_cast<std::size_t>(std::atoll(header(answer, "content-length").c_str()));
    read_until([&] { return input_.size() >= length ? 0 : std::string::npos; });
    answer.body = input_.substr(0, length);
    input_.erase(0, length);
    return answer;
  }

 private:
  template <class Find>
  std::size_t read_until(Find find) {
    for (;;) {
      const std::size_t at = find();
      if (at != std::string::npos) return at;
      char buffer[65536];
      const ssize_t got = ::recv(socket_, buffer, sizeof buffer, 0);
      if (got <= 0) std::exit(5);
      input_.append(buffer, static_cast<std::size_t>(got));
    }
  }

  int socket_ = -1;
  std::string input_;
};

void print_clock(const std::string& event) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::string line = "CLOCK " + std::to_string(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
  const std::string member = "\"data\":\"";
  for (std::size_t at = event.find(member); at != std::string::npos; at = event.find(member, at)) {
    at += member.size();
    line += " " + event.substr(at, event.find('"', at) - at);
  }
  std::puts(line.c_str());
  std::fflush(stdout);
}

std::string handle(const std::string& handler, int n, const std::string& event) {
  if (handler == "noop") return "null";
  if (handler == "clock") {
    print_clock(event);
    return "null";
  }
  std::printf("event %d of %s\n", n, handler.c_str());
  std::fflush(stdout);
  return "{\"n\":" + std::to_string(n) + ",\"event\":" + event + "}";
}

}  // namespace

int main() {
  RuntimeApi api(std::getenv("AWS_LAMBDA_RUNTIME_API"));
  const std::string handler = std::getenv("_HANDLER");
  for (int n = 1;; ++n) {
    const Answer event = api.call("GET", "invocation/next", "");
    const std::string id = header(event, "lambda-runtime-aws-request-id");
    api.call("POST", "invocation/" + id + "/response", handle(handler, n, event.body));
  }
}
