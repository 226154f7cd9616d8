# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_evercert_global_optspecs
    string join \n c/config= lang= h/help V/version
end

function __fish_evercert_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_evercert_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_evercert_using_subcommand
    set -l cmd (__fish_evercert_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c evercert -n "__fish_evercert_needs_command" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_needs_command" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_needs_command" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_needs_command" -s V -l version -d 'Print version'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "init" -d 'Write the first config: for names, for what the account has, for what nginx serves'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "run" -d 'Run the daemon in the foreground'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "renew" -d 'Renew what is due now, or these domains, and show progress until it is done'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "plan" -d 'Show what the next pass would do, why, and what it costs, or what is to come; changes nothing'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "status" -d 'Show every certificate: its state, days left, next step and last error'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "history" -d 'Show what happened, and when'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "why" -d 'Show why a domain will or won\'t be renewed now'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "deploy" -d 'Bring a certificate to its targets again, now'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "verify" -d 'Connect, and say whether the right certificate is served; exit 1 if not'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "rollback" -d 'Go back to the previous certificate, in the live folder and at every target'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "pause" -d 'Stop all automatic work on a certificate until it is resumed; reminds of it'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "resume" -d 'Go on with a paused certificate'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "account" -d 'Show who holds an account\'s free certificates: whose, until when, what could be deleted'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "fleet" -d 'Show the machines of the fleet by their orders, this machine\'s turn, and what is newest beside what is here'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "backup" -d 'Write a consistent copy of the database, also while the daemon runs'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "restore" -d 'Put a backup in the database\'s place; the daemon must be stopped'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "claim" -d 'Go on here with an installation that was taken for a copy; the other one must stay off'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "support" -d 'Write one text for whoever helps: version, config, state and history, without secrets'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "check" -d 'Check the config, offline: every mistake with line and column'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "doctor" -d 'Look for what would make a renewal fail, and say how to mend it; changes nothing'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "notify" -d 'Try the channels of [[notify]]'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "explain" -d 'Explain an error code of the service: what it means and what to do'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "simulate" -d 'A year of your config in seconds, against the stand-in with faults: would anything ever expire?'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "sandbox" -d 'Run the stand-in for the service as a server on this machine'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "completions" -d 'Print what a shell needs to complete this command line'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "man" -d 'Print the manual page, in roff'
complete -c evercert -n "__fish_evercert_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c evercert -n "__fish_evercert_using_subcommand init" -l from-nginx -d 'An entry for each name that nginx serves, by `nginx -T`, by a file with its output, or by a folder of its configuration' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand init" -s o -l output -d 'The file to write [default: the config]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand init" -l state-dir -d 'Where certificates and record will lie, if not in /var/lib/evercert' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand init" -l endpoint -d 'Where the API is, if not at its usual place; http for this machine alone' -r
complete -c evercert -n "__fish_evercert_using_subcommand init" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand init" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand init" -l from-account -d 'An entry for each free certificate that the account has; these are adopted, not ordered'
complete -c evercert -n "__fish_evercert_using_subcommand init" -s y -l yes -d 'Write without asking; nothing is asked, the key neither'
complete -c evercert -n "__fish_evercert_using_subcommand init" -l dry-run -d 'Show the file, and write nothing'
complete -c evercert -n "__fish_evercert_using_subcommand init" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand run" -l sandbox-age -d 'With --sandbox: how old the first certificate of each domain already is, so that its renewal can be watched' -r
complete -c evercert -n "__fish_evercert_using_subcommand run" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand run" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand run" -l sandbox -d 'Against a stand-in started inside the process: no credentials, nothing beyond this machine, one folder'
complete -c evercert -n "__fish_evercert_using_subcommand run" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand renew" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand renew" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand renew" -l force -d 'Order anew even outside the window: each costs one of the account\'s free certificates'
complete -c evercert -n "__fish_evercert_using_subcommand renew" -l dry-run -d 'Show what would be done, and change nothing'
complete -c evercert -n "__fish_evercert_using_subcommand renew" -l no-wait -d 'Don\'t wait for orders to be issued'
complete -c evercert -n "__fish_evercert_using_subcommand renew" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand plan" -l days -d 'Show every order, delivery and slot held by date, for so many days ahead' -r
complete -c evercert -n "__fish_evercert_using_subcommand plan" -l lifetime -d 'As it will be when certificates live this long (47d from 2029 on, 100d from 2027 on); a year ahead unless --days says' -r
complete -c evercert -n "__fish_evercert_using_subcommand plan" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand plan" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand plan" -l json -d 'As a list of objects; with --days, as one object'
complete -c evercert -n "__fish_evercert_using_subcommand plan" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand status" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand status" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand status" -s a -l all -d 'Every certificate, however many are OK'
complete -c evercert -n "__fish_evercert_using_subcommand status" -s w -l wide -d 'Every certificate with every column, as wide as they must be'
complete -c evercert -n "__fish_evercert_using_subcommand status" -l json -d 'As a list of objects'
complete -c evercert -n "__fish_evercert_using_subcommand status" -l check -d 'Exit with 1 if anything needs its operator: parked, failing, held back, expired, or inside its last 7 days'
complete -c evercert -n "__fish_evercert_using_subcommand status" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand history" -l limit -d 'How many entries, counted from the newest' -r
complete -c evercert -n "__fish_evercert_using_subcommand history" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand history" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand history" -l json -d 'As a list of objects'
complete -c evercert -n "__fish_evercert_using_subcommand history" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand why" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand why" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand why" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand deploy" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand deploy" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand deploy" -l no-wait -d 'Don\'t wait until it is done'
complete -c evercert -n "__fish_evercert_using_subcommand deploy" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand verify" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand verify" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand verify" -l json -d 'As a list of objects'
complete -c evercert -n "__fish_evercert_using_subcommand verify" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand rollback" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand rollback" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand rollback" -l no-wait -d 'Don\'t wait until it is done'
complete -c evercert -n "__fish_evercert_using_subcommand rollback" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand pause" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand pause" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand pause" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand resume" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand resume" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand resume" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand account" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand account" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand account" -l fresh -d 'Have the account listed anew; else its last listing is shown'
complete -c evercert -n "__fish_evercert_using_subcommand account" -l json -d 'As a list of objects'
complete -c evercert -n "__fish_evercert_using_subcommand account" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand fleet" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand fleet" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand fleet" -l json -d 'As an object'
complete -c evercert -n "__fish_evercert_using_subcommand fleet" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand backup" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand backup" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand backup" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand restore" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand restore" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand restore" -l other-installation -d 'Also where it is of another installation: that machine must be gone for good'
complete -c evercert -n "__fish_evercert_using_subcommand restore" -l dry-run -d 'Only look whether it could be restored'
complete -c evercert -n "__fish_evercert_using_subcommand restore" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand claim" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand claim" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand claim" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand support" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand support" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand support" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand check" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand check" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand check" -l json -d 'Mistakes and warnings as a list of objects'
complete -c evercert -n "__fish_evercert_using_subcommand check" -l diff -d 'Show what the file would change against the config in force, and what that would cost'
complete -c evercert -n "__fish_evercert_using_subcommand check" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand doctor" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand doctor" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand doctor" -l offline -d 'Ask nobody: neither the service, nor DNS, nor the domain\'s own servers'
complete -c evercert -n "__fish_evercert_using_subcommand doctor" -l json -d 'As a list of objects'
complete -c evercert -n "__fish_evercert_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand notify; and not __fish_seen_subcommand_from test help" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand notify; and not __fish_seen_subcommand_from test help" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand notify; and not __fish_seen_subcommand_from test help" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand notify; and not __fish_seen_subcommand_from test help" -f -a "test" -d 'Send a test message through each channel, or these, and say what came back; exit 1 if one fails'
complete -c evercert -n "__fish_evercert_using_subcommand notify; and not __fish_seen_subcommand_from test help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c evercert -n "__fish_evercert_using_subcommand notify; and __fish_seen_subcommand_from test" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand notify; and __fish_seen_subcommand_from test" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand notify; and __fish_seen_subcommand_from test" -l json -d 'A list of objects: channel, type, taken, answer'
complete -c evercert -n "__fish_evercert_using_subcommand notify; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand notify; and __fish_seen_subcommand_from help" -f -a "test" -d 'Send a test message through each channel, or these, and say what came back; exit 1 if one fails'
complete -c evercert -n "__fish_evercert_using_subcommand notify; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c evercert -n "__fish_evercert_using_subcommand explain" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand explain" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand explain" -l json -d 'As a list of objects'
complete -c evercert -n "__fish_evercert_using_subcommand explain" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand simulate" -l days -d 'How many days' -r
complete -c evercert -n "__fish_evercert_using_subcommand simulate" -l seed -d 'Which run of all; the same seed gives the same run' -r
complete -c evercert -n "__fish_evercert_using_subcommand simulate" -l faults -d 'How many calls fail' -r -f -a "none\t'No call fails'
mild\t'Some calls fail, as in an ordinary year'
hostile\t'Many calls fail, in every way that is known; crashes are frequent'"
complete -c evercert -n "__fish_evercert_using_subcommand simulate" -l machines -d 'A fleet of so many machines that order in turns, and one that follows; targets and proofs are left out' -r
complete -c evercert -n "__fish_evercert_using_subcommand simulate" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand simulate" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand simulate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l listen -d 'Where the API listens; loopback only, port 0 takes a free one' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l manage -d 'Where its switches listen (state, faults, clock); loopback only' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l issue-after -d 'From application to issue' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l age -d 'How old a first certificate already is when it is issued' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l free-limit -d 'Free certificates an account may hold' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l domain-limit -d 'Free certificates a main domain may hold' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l requests-per-second -d 'Requests a second before it refuses; 0 never refuses' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l credential -d 'Who may call: ID:KEY, an account of its own each; may be given more than once [default: AKIDSANDBOX:SANDBOXKEY]' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l dns -d 'The name server that its CA asks for records; without it, it takes the caller\'s word' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l http -d 'The web server that its CA fetches validation files from; without it, it takes the caller\'s word' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l record -d 'What a DNS order asks for: txt or cname [default: now this, now that]' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l reuse-validation -d 'How long an order goes by an earlier proof of control, and asks for nothing' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l zone -d 'A DNS zone that the first account hosts; may be given more than once' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l seed -d 'Makes ids and RSA keys repeatable' -r
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand sandbox" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand completions" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand completions" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand completions" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand man" -s c -l config -d 'The config file [default: /etc/evercert/config.toml]' -r -F
complete -c evercert -n "__fish_evercert_using_subcommand man" -l lang -d 'The language of explanations [default: from LC_ALL, LC_MESSAGES or LANG]' -r -f -a "en\t''
zh\t''"
complete -c evercert -n "__fish_evercert_using_subcommand man" -s h -l help -d 'Print help'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "init" -d 'Write the first config: for names, for what the account has, for what nginx serves'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "run" -d 'Run the daemon in the foreground'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "renew" -d 'Renew what is due now, or these domains, and show progress until it is done'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "plan" -d 'Show what the next pass would do, why, and what it costs, or what is to come; changes nothing'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "status" -d 'Show every certificate: its state, days left, next step and last error'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "history" -d 'Show what happened, and when'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "why" -d 'Show why a domain will or won\'t be renewed now'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "deploy" -d 'Bring a certificate to its targets again, now'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "verify" -d 'Connect, and say whether the right certificate is served; exit 1 if not'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "rollback" -d 'Go back to the previous certificate, in the live folder and at every target'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "pause" -d 'Stop all automatic work on a certificate until it is resumed; reminds of it'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "resume" -d 'Go on with a paused certificate'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "account" -d 'Show who holds an account\'s free certificates: whose, until when, what could be deleted'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "fleet" -d 'Show the machines of the fleet by their orders, this machine\'s turn, and what is newest beside what is here'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "backup" -d 'Write a consistent copy of the database, also while the daemon runs'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "restore" -d 'Put a backup in the database\'s place; the daemon must be stopped'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "claim" -d 'Go on here with an installation that was taken for a copy; the other one must stay off'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "support" -d 'Write one text for whoever helps: version, config, state and history, without secrets'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "check" -d 'Check the config, offline: every mistake with line and column'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "doctor" -d 'Look for what would make a renewal fail, and say how to mend it; changes nothing'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "notify" -d 'Try the channels of [[notify]]'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "explain" -d 'Explain an error code of the service: what it means and what to do'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "simulate" -d 'A year of your config in seconds, against the stand-in with faults: would anything ever expire?'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "sandbox" -d 'Run the stand-in for the service as a server on this machine'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "completions" -d 'Print what a shell needs to complete this command line'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "man" -d 'Print the manual page, in roff'
complete -c evercert -n "__fish_evercert_using_subcommand help; and not __fish_seen_subcommand_from init run renew plan status history why deploy verify rollback pause resume account fleet backup restore claim support check doctor notify explain simulate sandbox completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c evercert -n "__fish_evercert_using_subcommand help; and __fish_seen_subcommand_from notify" -f -a "test" -d 'Send a test message through each channel, or these, and say what came back; exit 1 if one fails'
