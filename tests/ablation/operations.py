"""What the template and the alarms do for the pipeline, and what the rest of the code does for it."""

from tests.ablation.measure import measure

_STREAM = """            Stream: !GetAtt MessagesTable.StreamArn
            StartingPosition: TRIM_HORIZON
            BatchSize: 100
            MaximumBatchingWindowInSeconds: 0
            ParallelizationFactor: 2
            BisectBatchOnFunctionError: true
            MaximumRetryAttempts: 8
            MaximumRecordAgeInSeconds: 21600
            FunctionResponseTypes: [ReportBatchItemFailures]
            DestinationConfig:
              OnFailure: {Type: S3, Destination: !GetAtt ParkedBucket.Arn}
"""
_QUEUE = """  DeliveriesQueue:
    Type: AWS::SQS::Queue
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      VisibilityTimeout: 180
      MessageRetentionPeriod: 864000
      MaximumMessageSize: 4096
      SqsManagedSseEnabled: true
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt DeadLettersQueue.Arn
        maxReceiveCount: 4

  # What goes to slow receivers, so that a batch of ten does not live as long as they take.
"""
_POISON = "template::test_a_poison_record_neither_blocks_a_stream_nor_is_lost"


def _stream(line: str, instead: str = "") -> str:
    assert line in _STREAM
    return _STREAM.replace(line, instead)


_CLIENT = "aws/client.py"
MEASURES = [
    measure(
        "a stream's mapping reads from the beginning",
        "F7",
        "template.yaml",
        _STREAM,
        _stream("StartingPosition: TRIM_HORIZON", "StartingPosition: LATEST"),
        _POISON,
    ),
    measure(
        "a failing batch is halved",
        "F5 F3",
        "template.yaml",
        _STREAM,
        _stream("            BisectBatchOnFunctionError: true\n"),
        _POISON,
    ),
    measure(
        "a mapping gives up after nine failures",
        "F3",
        "template.yaml",
        _STREAM,
        _stream("            MaximumRetryAttempts: 8\n"),
        _POISON,
    ),
    measure(
        "a mapping gives up after six hours",
        "F3",
        "template.yaml",
        _STREAM,
        _stream("MaximumRecordAgeInSeconds: 21600", "MaximumRecordAgeInSeconds: -1"),
        _POISON,
    ),
    measure(
        "a mapping reads which records failed",
        "F4 F6",
        "template.yaml",
        _STREAM,
        _stream("            FunctionResponseTypes: [ReportBatchItemFailures]\n"),
        _POISON,
    ),
    measure(
        "what a mapping gives up goes into the bucket",
        "F3 F5",
        "template.yaml",
        _STREAM,
        _stream(
            "            DestinationConfig:\n"
            "              OnFailure: {Type: S3, Destination: !GetAtt ParkedBucket.Arn}\n"
        ),
        _POISON,
    ),
    measure(
        "messages stay hidden for six times the deliverer's time",
        "F17",
        "template.yaml",
        _QUEUE,
        _QUEUE.replace("VisibilityTimeout: 180", "VisibilityTimeout: 60"),
        "template::test_a_queue_hides_a_message_for_six_times_as_long_as_its_function_may_run",
    ),
    measure(
        "an attempt ends within the deliverer's time",
        "F15 F17",
        "template.yaml",
        "      CodeUri: functions/deliverer\n      LoggingConfig: {LogGroup: !Ref DelivererLogGroup}\n      Timeout: 30\n",
        "      CodeUri: functions/deliverer\n      LoggingConfig: {LogGroup: !Ref DelivererLogGroup}\n      Timeout: 8\n",
        "template::test_an_attempt_fits_into_the_deliverers_time",
    ),
    measure(
        "hanging receivers cannot use up the concurrency",
        "F18 F20",
        "template.yaml",
        "            ScalingConfig: {MaximumConcurrency: !Ref DelivererConcurrency}\n",
        "",
        "operations::test_hanging_receivers_cannot_use_up_the_concurrency",
    ),
    measure(
        "four receives, then the dead letters",
        "F21 F22",
        "template.yaml",
        _QUEUE,
        _QUEUE.replace("maxReceiveCount: 4", "maxReceiveCount: 40"),
        "template::test_one_attempt_and_three_retries_then_the_dead_letters",
    ),
    measure(
        "the queue has dead letters",
        "F23",
        "template.yaml",
        _QUEUE,
        _QUEUE.partition("      RedrivePolicy:\n")[0],
        "template::test_every_queue_has_dead_letters_or_is_the_place_for_them",
    ),
    measure(
        "dead letters are kept for two weeks",
        "F21",
        "template.yaml",
        "      MessageRetentionPeriod: 1209600\n",
        "      MessageRetentionPeriod: 864000\n",
        "template::test_dead_letters_are_kept_for_two_weeks",
    ),
    measure(
        "what is parked is kept for two weeks",
        "F3",
        "template.yaml",
        "            ExpirationInDays: 14\n",
        "            ExpirationInDays: 1\n",
        "template::test_what_is_parked_is_kept_for_two_weeks_and_no_longer",
    ),
    measure(
        "dead letters that wait for five minutes ring",
        "F21",
        "operations.yaml",
        "      MetricName: ApproximateAgeOfOldestMessage\n",
        "      MetricName: NumberOfMessagesSent\n",
        "operations::test_all_dead_letters_ring",
    ),
    measure(
        "a slow lane that stands still rings",
        "F39",
        "operations.yaml",
        "          Expression: IF(FILL(done, 0) > 0, 0, FILL(waiting, 0))\n",
        "          Expression: FILL(waiting, 0)\n",
        "operations::test_each_delivery_queue_rings_when_it_does_not_get_on",
    ),
    measure(
        "a stream that is late rings",
        "F8 F39",
        "operations.yaml",
        "      MetricName: IteratorAge\n      Dimensions: [{Name: FunctionName, Value: !Ref DispatcherFunction}]\n",
        "      MetricName: Invocations\n      Dimensions: [{Name: FunctionName, Value: !Ref DispatcherFunction}]\n",
        "operations::test_every_stream_rings_when_it_is_late",
    ),
    measure(
        "a function that fails rings",
        "F39 F5",
        "operations.yaml",
        "      MetricName: Errors\n      Dimensions: [{Name: FunctionName, Value: !Ref DelivererFunction}]\n",
        "      MetricName: Invocations\n      Dimensions: [{Name: FunctionName, Value: !Ref DelivererFunction}]\n",
        "operations::test_every_function_rings_when_it_fails_or_may_not_run",
    ),
    measure(
        "reads that DynamoDB leaves unprocessed are repeated",
        "F25",
        "store.py",
        "            if not request:\n                break\n",
        "            break\n",
        "promises::test_reads_that_dynamodb_leaves_unprocessed_are_repeated",
    ),
    measure(
        "a text has 16,000 characters at most",
        "F26",
        "messages/model.py",
        "MAX_TEXT = 16_000",
        "MAX_TEXT = 60_000",
        "messages::test_the_limit_counts_characters",
    ),
    measure(
        "a delivery's log holds sixty attempts at most",
        "F26",
        "replays/service.py",
        "    if len(delivery.attempts) >= _MAX_ATTEMPTS:\n",
        "    if False:\n",
        "webhook_care::test_a_log_of_sixty_attempts_takes_no_more",
    ),
    measure(
        "a retry is for what is over",
        "F22",
        "replays/service.py",
        "    if not delivery.is_over:\n",
        "    if False:\n",
        "webhook_care::test_one_delivery_is_retried_with_a_fresh_budget_and_its_log_goes_on",
    ),
    measure(
        "KMS that throttles or is away is no refusal of the caller",
        "F25 F24",
        "http/problems.py",
        "        case AwsRefused() if error.is_passing:\n",
        "        case AwsRefused() if False:\n",
        "users::test_an_edit_that_failed_halfway_is_completed_by_sending_it_again",
    ),
    measure(
        "a call that AWS does not carry out is tried again",
        "F25",
        _CLIENT,
        "                if not failure.is_passing:\n",
        "                if failure:\n",
        "aws_client::test_what_passes_is_tried_four_times",
    ),
    measure(
        "tries end",
        "F25",
        _CLIENT,
        "_TRIES = 4\n",
        "_TRIES = 9\n",
        "aws_client::test_what_passes_is_tried_four_times",
    ),
    measure(
        "a refusal is not tried again",
        "F25",
        _CLIENT,
        "                if not failure.is_passing:\n",
        "                if False:\n",
        "aws_client::test_what_does_not_pass_is_tried_once",
    ),
    measure(
        "a connection that AWS closed costs no try",
        "F25",
        _CLIENT,
        "            with suppress(ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError, _Closed):\n",
        "            with suppress():\n",
        "aws_client::test_a_connection_that_aws_closes_while_we_write_costs_no_try",
    ),
    measure(
        "a connection made ahead is used, whatever TLS sent on it",
        "F25",
        _CLIENT,
        "    except (BlockingIOError, ssl.SSLWantReadError):\n",
        "    except BlockingIOError:\n",
        "aws_client::test_a_ticket_for_the_next_session_is_not_the_end_of_a_connection",
    ),
    measure(
        "what follows an answer is not the next answer",
        "F25",
        _CLIENT,
        "    if not decrypted and not poll.poll(0):\n",
        "    if not poll.poll(0):\n",
        "aws_client::test_what_comes_after_an_answer_is_not_the_next_answer",
    ),
    measure(
        "after silence a try has a connection of its own",
        "F25",
        _CLIENT,
        "                self._forget()",
        "                pass",
        "aws_client::test_after_silence_a_try_has_a_connection_of_its_own",
    ),
    measure(
        "no try begins when a request's time is nearly over",
        "F25",
        _CLIENT,
        "            if tried == _TRIES or time.monotonic() - begun > _PATIENCE_SECONDS:\n",
        "            if tried == _TRIES:\n",
        "aws_client::test_tries_end_before_the_time_of_a_request_does",
    ),
    measure(
        "AWS has five seconds to answer",
        "F15 F25",
        _CLIENT,
        "        made.settimeout(_READ_SECONDS)\n",
        "        made.settimeout(None)\n",
        "aws_client::test_silence_is_not_waited_for_longer_than_the_limit",
    ),
    measure(
        "an answer that breaks off is none",
        "F25",
        _CLIENT,
        '                raise _Broken("the answer breaks off")\n',
        "                break\n",
        "aws_client::test_what_passes_is_tried_four_times",
    ),
    measure(
        "an answer has the checksum that it names",
        "F25",
        _CLIENT,
        " and checksum != str(zlib.crc32(content)):\n",
        " and False:\n",
        "aws_client::test_what_passes_is_tried_four_times",
    ),
    measure(
        "what is no answer of AWS is not taken for one",
        "F25",
        _CLIENT,
        "    if not isinstance(answer, dict):\n",
        "    if False:\n",
        "aws_client::test_what_is_no_answer_of_aws_is_not_taken_for_one",
    ),
    measure(
        "AWS's certificate is verified, for its name",
        "F31",
        _CLIENT,
        "tls.context().wrap_socket(plain, server_hostname=self._host)",
        "__import__('ssl')._create_unverified_context().wrap_socket(plain, server_hostname=self._host)",
        "tls::test_a_certificate_of_a_stranger_is_refused",
    ),
    measure(
        "everything that AWS is told is signed",
        "F31",
        "aws/signature.py",
        "    names = sorted(headers)\n",
        '    names = ["host", "x-amz-date"]\n',
        "aws_signature::test_it_signs_as_botocore_does",
    ),
    measure(
        "no text shows AWS's secret key",
        "T19",
        "aws/signature.py",
        "    secret: str = field(repr=False)\n",
        "    secret: str\n",
        "aws_client::test_nothing_of_it_shows_the_secret",
    ),
    measure(
        "no text shows the session's token",
        "T19",
        _CLIENT,
        """message.partition("\\n")[0]""",
        "message",
        "aws_client::test_a_signature_that_does_not_fit_shows_no_token",
    ),
    measure(
        "a transaction whose answer was lost is not carried out twice",
        "F25",
        "store.py",
        "            ClientRequestToken=os.urandom(16).hex(),  # a try whose answer was lost is not carried out again\n",
        "",
        "idempotency::test_a_transaction_has_a_token_of_its_own",
    ),
    measure(
        "ids are random at each call",
        "F40",
        "ids.py",
        "os.urandom(10))",
        'b"0123456789")',
        "ids::test_new_ids_are_never_made_twice",
    ),
    measure(
        "a delivery's id follows from its event's and its webhook's",
        "F1 F13",
        "ids.py",
        "    return f\"{DELIVERY}_{event_id.removeprefix(EVENT + '_')}{webhook_id.removeprefix(WEBHOOK + '_')}\"\n",
        "    return f\"{DELIVERY}_{new('x')[2:]}{webhook_id.removeprefix(WEBHOOK + '_')}\"\n",
        "ids::test_a_delivery_can_be_taken_apart",
        "promises::test_a_record_that_comes_twice_makes_one_delivery",
    ),
    measure(
        "an opened secret is remembered for five minutes at most",
        "T15",
        "webhooks/sealing.py",
        "    period = int(clock.now() // _REMEMBERED_SECONDS)\n",
        "    period = 0\n",
        "webhook_care::test_an_opened_secret_is_forgotten_after_five_minutes",
    ),
    measure(
        "a paused webhook's crowd does not return at once",
        "F20",
        "pipeline/health.py",
        "        return _spread(paused_for)\n",
        "        return paused_for\n",
        "health::test_who_waits_for_a_pause_does_not_return_all_at_once",
    ),
]
