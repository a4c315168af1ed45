# `ringsight` with the arguments given, in the folder of results. Rings keep the ids of the last night that ended, which
# `latest` names; this night takes its place once it has ended itself.
set -eu
if last=$(readlink latest) && [ "$last" != "$NIGHT" ]; then
    set -- "$@" "previous=$PWD/$last"
fi
ringsight "$@"
ln -sfn "$NIGHT" ".latest.$NIGHT"
mv -T ".latest.$NIGHT" latest
